// Package node composes a process from the layers: it opens what each role needs,
// hands every layer the others' parts by their small interfaces, starts all in an
// order that can be read in one function, and stops it in reverse.
//
// It is the only package that imports several layers. It holds no rules of its own.
package node
