// Package codec is the form in which configuration travels to the nodes and lies
// on their disks: a versioned envelope around one revision or one snapshot,
// compressed, signed, and cut into parts when it is large.
//
// Promises:
//   - Open(Seal(x)) gives x. A damaged, cut, mixed or forged envelope gives an error,
//     never other content.
//   - Nothing is decompressed, and no memory is taken on an envelope's word, before
//     its signature has been checked. What a signed header claims is still capped.
//   - A major version that this release does not know is ErrVersion: the caller keeps
//     what it has. A minor version may append to the signed header and is read.
//
// Values are immutable after they are made and may be shared; an Assembler belongs
// to one goroutine.
package codec
