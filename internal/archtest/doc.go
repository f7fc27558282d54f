// Package archtest holds the project's rules about itself as tests: who may import
// whom, one contract per package, file names, the licences of what is linked, and
// what may not stand in a committed file. It has no code of its own.
package archtest
