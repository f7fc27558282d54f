package dnswire

// lower folds one octet as RFC 4343 §3 asks: ASCII letters only.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// NameLen returns the length in octets, root label included, of the
// uncompressed wire name at the start of b. It reports false when b does not
// start with a valid one: a label over 63 octets, a pointer, more than 255
// octets, or an end before the root label.
func NameLen(b []byte) (int, bool) {
	n := 0
	for n < len(b) && n < MaxName {
		l := int(b[n])
		n += l + 1
		if l == 0 {
			return n, true
		}
		if l > 63 {
			return 0, false
		}
	}
	return 0, false
}

// AppendLower appends wire name src to dst with its letters in lower case.
// Length octets are below 'A' (65), so that the fold leaves them alone.
func AppendLower(dst, src []byte) []byte {
	for _, c := range src {
		dst = append(dst, lower(c))
	}
	return dst
}

// EqualFold reports whether two wire names are the same name (RFC 4343).
func EqualFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// skipName returns the offset after the possibly compressed name at off, or -1.
// The pointer itself is not followed: the records that a query carries are only
// passed over, so where a pointer leads does not matter, and following none
// means that no loop can hold the worker.
func skipName(msg []byte, off int) int {
	for n := 0; off < len(msg) && n < MaxName; {
		l := int(msg[off])
		switch {
		case l == 0:
			return off + 1
		case l&0xC0 == 0xC0:
			if off+2 > len(msg) {
				return -1
			}
			return off + 2
		case l > 63:
			return -1
		}
		off += l + 1
		n += l + 1
	}
	return -1
}
