// Package said holds sentences for people in a form that can be said in any language.
//
// A Template is one English sentence with named places and a stable code; a Said is a
// Template with what stands in its places. Both the English text and the code with its
// arguments come from the one value, so they cannot drift apart: whoever builds a
// sentence builds its translation's key with it. Said is lazy: nothing is formatted
// until somebody reads it, and whoever decides a thousand times pays for no text.
//
// Templates are package variables, so All knows every sentence that a program can say;
// the console proves with it that each has a translation.
package said
