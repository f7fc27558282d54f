// Package saidgen finds every sentence for people in the source, so that it can be said
// in other languages: those made with package said, and those that are formatted where
// they arise (findings about fields, problem documents, what probes find, events, alarms).
// The latter get a code from their own words: who changes a sentence changes its code,
// and the console's test then asks for a translation of what it says now.
//
// Its test holds the generated files to the source; make generate writes them.
package saidgen
