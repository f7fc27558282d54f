package zone

import "github.com/meridian-gtm/meridian/resolve/dnswire"

// Substitute returns the name that a DNAME at node makes of owner, a name below it
// (RFC 6672 §2.2), or nil when that would be too long. It allocates: explain uses
// it, the packet path has buffers.
func Substitute(owner, node, target []byte) []byte {
	keep := owner[:len(owner)-len(node)]
	if len(keep)+len(target) > dnswire.MaxName {
		return nil
	}
	return append(append([]byte(nil), keep...), target...)
}
