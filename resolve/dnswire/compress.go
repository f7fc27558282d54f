package dnswire

import "encoding/binary"

// appendRecord writes one record. ptr is the place where the owner is already
// written, or 0; it returns that place for the next record of the set. It may
// write past the limit: the caller looks and rolls back.
func (r *Response) appendRecord(sec Section, owner []byte, ptr, typ uint16, ttl uint32, rdata []byte) uint16 {
	if ptr != 0 {
		r.buf = binary.BigEndian.AppendUint16(r.buf, 0xC000|ptr)
	} else {
		ptr = r.appendName(owner)
	}
	r.buf = binary.BigEndian.AppendUint16(r.buf, typ)
	r.buf = binary.BigEndian.AppendUint16(r.buf, ClassIN)
	r.buf = binary.BigEndian.AppendUint32(r.buf, ttl)
	at := len(r.buf)
	r.buf = append(r.buf, 0, 0)
	r.appendRData(typ, rdata)
	binary.BigEndian.PutUint16(r.buf[at:], uint16(len(r.buf)-at-2))
	r.count[sec]++
	r.sec = sec
	return ptr
}

// appendRData compresses the names inside the types of RFC 1035 only: a
// receiver may not know where the names of later types are (RFC 3597 §4, and
// RFC 6672 §2.5 for DNAME).
func (r *Response) appendRData(typ uint16, rdata []byte) {
	switch typ {
	case TypeNS, TypeCNAME, TypePTR:
		if n, ok := NameLen(rdata); ok && n == len(rdata) {
			r.appendName(rdata)
			return
		}
	case TypeMX:
		if len(rdata) > 2 {
			if n, ok := NameLen(rdata[2:]); ok && n == len(rdata)-2 {
				r.buf = append(r.buf, rdata[:2]...)
				r.appendName(rdata[2:])
				return
			}
		}
	case TypeSOA:
		if m, ok := NameLen(rdata); ok {
			if n, ok := NameLen(rdata[m:]); ok && m+n+20 == len(rdata) {
				r.appendName(rdata[:m])
				r.appendName(rdata[m : m+n])
				r.buf = append(r.buf, rdata[m+n:]...)
				return
			}
		}
	}
	r.buf = append(r.buf, rdata...)
}

// appendName writes a wire name, the longest known suffix as a pointer, and
// remembers what is new. It returns the offset in the message at which the whole
// name can be pointed to, or 0 when none can.
func (r *Response) appendName(name []byte) uint16 {
	at := len(r.buf) - r.start
	for pos := 0; name[pos] != 0; pos += int(name[pos]) + 1 {
		suffix := name[pos:]
		off := r.find(suffix)
		if off == 0 {
			continue
		}
		r.buf = append(r.buf, name[:pos]...)
		r.buf = binary.BigEndian.AppendUint16(r.buf, 0xC000|off)
		if pos == 0 {
			return off
		}
		r.rememberTo(name, pos, at)
		return pointable(at)
	}
	r.buf = append(r.buf, name...)
	if len(name) == 1 {
		return 0 // the root is as short as it gets
	}
	r.remember(name, at)
	return pointable(at)
}

func pointable(off int) uint16 {
	if off < 0x4000 {
		return uint16(off)
	}
	return 0
}

// find returns the offset of a written name equal to suffix, or 0.
func (r *Response) find(suffix []byte) uint16 {
	for i := range r.targets[:r.n] {
		if t := &r.targets[i]; int(t.octets) == len(suffix) && r.matches(int(t.off), suffix) {
			return t.off
		}
	}
	return 0
}

// matches compares the written name at off, pointers followed, with name. All
// pointers in the message are ours and lead backwards, so it ends.
func (r *Response) matches(off int, name []byte) bool {
	msg := r.buf[r.start:]
	for {
		l := int(msg[off])
		if l&0xC0 == 0xC0 {
			off = int(binary.BigEndian.Uint16(msg[off:]) & 0x3FFF)
			continue
		}
		if l != int(name[0]) {
			return false
		}
		if l == 0 {
			return true
		}
		if !EqualFold(msg[off+1:off+1+l], name[1:1+l]) {
			return false
		}
		off += l + 1
		name = name[l+1:]
	}
}

// remember enters all suffixes of name, written at offset at.
func (r *Response) remember(name []byte, at int) { r.rememberTo(name, len(name)-1, at) }

// rememberTo enters the suffixes that begin before octet end of name.
func (r *Response) rememberTo(name []byte, end, at int) {
	for pos := 0; pos < end && r.n < maxTargets && at+pos < 0x4000; pos += int(name[pos]) + 1 {
		r.targets[r.n] = target{off: uint16(at + pos), octets: uint8(len(name) - pos)}
		r.n++
	}
}
