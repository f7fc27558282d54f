// Package rr turns resource records between text and wire form, and reads and
// writes master files (RFC 1035 §5). It is used off the hot path: by validation,
// import and export, and when zones are compiled. Types without a name are
// written as RFC 3597 says (TYPE65280, \# 4 0a000001).
//
// All functions are safe for concurrent use. Errors are sentences for the person
// who wrote the record, and say what to do.
package rr
