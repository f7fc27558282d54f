// Package backup is the file form of control's whole state, whatever database it
// came from.
//
// A backup is one zstd frame around lines of JSON: a header, then for each table a line
// that names it and its columns and one line per row, and at the end the number of rows
// and the SHA-256 of all lines before. A value is null, a whole number, text, or
// {"b": base64}. Each line has exactly one spelling, so what is read and written again
// is the same bytes.
//
// A Reader promises that whoever reads to io.EOF has seen the whole of what a Writer
// wrote, unchanged: a file that is cut, damaged or goes on behind its end gives
// ErrDamaged, one of a format that came later ErrNewer. It holds one line at a time.
package backup
