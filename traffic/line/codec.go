package line

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"
	"unicode/utf8"
)

// The encoding, version 1. All numbers are minimal little-endian base-128
// varints unless said otherwise, a string is its length and its bytes.
//
//	magic    8 bytes "MRDLINE1"
//	about    string, JSON; empty only for the empty map
//	places   count, then country, subdivision, name, flags (1 byte: 1 = has a point), latitude, longitude
//	         (zigzag, 1e-4 degree)
//	kinds    count, then place, isp, cloud, search, asn, confidence (1 byte)
//	ipv4     count, then per range: distance to the range before, kind
//	ipv6     count, then per range: trailing zero bits of the distance (1 byte), the distance
//	         without them, kind
//	crc      4 bytes big-endian, CRC-32C of all before
//
// Each map has exactly one encoding, which is why the decoder refuses
// non-minimal numbers: nodes compare maps by the hash of these bytes.
const magic = "MRDLINE1"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// AppendTo appends the encoding of the map to b.
func (m *Map) AppendTo(b []byte) []byte {
	begin := len(b)
	b = append(b, magic...)
	b = appendString(b, string(m.aboutRaw))
	b = binary.AppendUvarint(b, uint64(len(m.places)))
	for _, p := range m.places {
		b = appendString(b, p.Country)
		b = appendString(b, p.Subdivision)
		b = appendString(b, p.Name)
		var flags byte
		if p.PointOK {
			flags = 1
		}
		lat, lon := packPoint(p.Point)
		b = append(b, flags)
		b = binary.AppendVarint(b, int64(lat))
		b = binary.AppendVarint(b, int64(lon))
	}
	b = binary.AppendUvarint(b, uint64(len(m.kinds)))
	for _, k := range m.kinds {
		b = binary.AppendUvarint(b, uint64(k.Place))
		b = appendString(b, k.ISP)
		b = appendString(b, k.Cloud)
		b = appendString(b, k.Search)
		b = binary.AppendUvarint(b, uint64(k.ASN))
		b = append(b, byte(k.Confidence))
	}
	b = binary.AppendUvarint(b, uint64(len(m.v4)))
	var prev4 uint32
	for i, s := range m.v4 {
		b = binary.AppendUvarint(b, uint64(s-prev4))
		b = binary.AppendUvarint(b, uint64(m.v4Kind[i]))
		prev4 = s
	}
	b = binary.AppendUvarint(b, uint64(len(m.v6Hi)))
	var prev6 u128
	for i := range m.v6Hi {
		d := m.v6(i).sub(prev6)
		zeros := trailingZeros(d)
		b = append(b, byte(zeros))
		b = appendUvarint128(b, shiftRight(d, zeros))
		b = binary.AppendUvarint(b, uint64(m.v6Kind[i]))
		prev6 = m.v6(i)
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli))
}

// ReadMap decodes and checks a map. It returns an error, and never panics, on
// input that is damaged or of another version.
func ReadMap(b []byte) (*Map, error) {
	if len(b) < len(magic)+4 || string(b[:len(magic)]) != magic {
		return nil, errors.New("read location map: not a location map of this version")
	}
	body := b[:len(b)-4]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(b[len(b)-4:]) {
		return nil, errors.New("read location map: damaged: the checksum does not fit")
	}
	d := decoder{b: body[len(magic):]}
	data, raw := d.data()
	if d.bad {
		return nil, errors.New("read location map: damaged: the content does not fit its description")
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &data.About); err != nil {
			return nil, fmt.Errorf("read location map: describe: %w", err)
		}
	}
	m, err := newMap(data, raw)
	if err != nil {
		return nil, fmt.Errorf("read location map: %w", err)
	}
	if len(raw) == 0 {
		if len(m.v4) != 1 || len(m.v6Hi) != 1 || len(m.kinds) != 1 || len(m.places) != 1 {
			return nil, errors.New("read location map: a map with content must say where it comes from")
		}
		return m, nil // the empty map has no hash
	}
	m.hash = hashOf(b)
	return m, nil
}

// decoder reads from b until something is bad; then every read gives zero.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) data() (out Data, about []byte) {
	about = []byte(d.str())
	if n := d.count(6); n > 0 {
		out.Places = make([]Place, n)
		for i := range out.Places {
			p := &out.Places[i]
			p.Country, p.Subdivision, p.Name = d.str(), d.str(), d.str()
			flags := d.byte()
			lat, lon := d.coordinate(90), d.coordinate(180)
			p.Point, p.PointOK = unpackPoint(lat, lon), flags == 1
			d.bad = d.bad || flags > 1
		}
	}
	if n := d.count(6); n > 0 {
		out.Kinds = make([]Kind, n)
		for i := range out.Kinds {
			place := d.uvarint()
			d.bad = d.bad || place >= uint64(len(out.Places))
			k := Kind{ISP: d.str(), Cloud: d.str(), Search: d.str()}
			asn := d.uvarint()
			d.bad = d.bad || asn >= 1<<32
			k.ASN, k.Confidence = uint32(asn), Confidence(d.byte())
			if d.bad {
				return
			}
			k.Place = int(place)
			out.Kinds[i] = k
		}
	}
	if n := d.count(2); n > 0 {
		out.V4, out.V4Kind = make([]uint32, n), make([]uint32, n)
		var at uint64
		for i := range out.V4 {
			step, kind := d.uvarint(), d.uvarint()
			if at += step; step >= 1<<32 || at >= 1<<32 || kind >= 1<<32 {
				d.bad = true
				return
			}
			out.V4[i], out.V4Kind[i] = uint32(at), uint32(kind)
		}
	}
	if n := d.count(3); n > 0 {
		out.V6Hi, out.V6Lo, out.V6Kind = make([]uint64, n), make([]uint64, n), make([]uint32, n)
		var at u128
		for i := range out.V6Hi {
			zeros := int(d.byte())
			step := d.uvarint128()
			if zeros > 127 || trailingZeros(step) != 0 || step == (u128{}) && zeros != 0 || shiftRight(shiftLeft(step, zeros), zeros) != step {
				d.bad = true
				return
			}
			// No carry can hide: newMap refuses starts that do not rise.
			at = at.add(shiftLeft(step, zeros))
			kind := d.uvarint()
			if kind >= 1<<32 {
				d.bad = true
				return
			}
			out.V6Hi[i], out.V6Lo[i], out.V6Kind[i] = at.hi, at.lo, uint32(kind)
		}
	}
	d.bad = d.bad || len(d.b) != 0
	return out, about
}

// count reads a number of things that take at least size bytes each, so that a
// damaged count cannot ask for more memory than the input justifies.
func (d *decoder) count(size int) int {
	n := d.uvarint()
	if d.bad || n > uint64(len(d.b)/size) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) byte() byte {
	if d.bad || len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) uvarint() uint64 {
	x := d.uvarint128()
	if x.hi != 0 {
		d.bad = true
	}
	return x.lo
}

func (d *decoder) uvarint128() u128 {
	var x u128
	for shift := 0; ; shift += 7 {
		c := d.byte()
		if d.bad || shift > 126 || shift == 126 && c > 3 || shift > 0 && c == 0 {
			d.bad = true
			return u128{}
		}
		part := shiftLeft(u128{0, uint64(c & 0x7f)}, shift)
		x.hi |= part.hi
		x.lo |= part.lo
		if c < 0x80 {
			return x
		}
	}
}

func (d *decoder) coordinate(limit int64) int32 {
	u := d.uvarint()
	v := int64(u>>1) ^ -int64(u&1)
	if v < -limit*pointScale || v > limit*pointScale {
		d.bad = true
		return 0
	}
	return int32(v)
}

func (d *decoder) str() string {
	n := d.uvarint()
	if d.bad || n > uint64(len(d.b)) || !utf8.Valid(d.b[:n]) {
		d.bad = true
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendUvarint128(b []byte, x u128) []byte {
	for x.hi != 0 || x.lo >= 0x80 {
		b = append(b, byte(x.lo)|0x80)
		x = shiftRight(x, 7)
	}
	return append(b, byte(x.lo))
}

func trailingZeros(x u128) int {
	switch {
	case x.lo != 0:
		return bits.TrailingZeros64(x.lo)
	case x.hi != 0:
		return 64 + bits.TrailingZeros64(x.hi)
	}
	return 0
}

func shiftRight(x u128, n int) u128 {
	if n >= 64 {
		return u128{0, x.hi >> (n - 64)}
	}
	return u128{x.hi >> n, x.lo>>n | x.hi<<(64-n)}
}

func shiftLeft(x u128, n int) u128 {
	if n >= 64 {
		return u128{x.lo << (n - 64), 0}
	}
	return u128{x.hi<<n | x.lo>>(64-n), x.lo << n}
}

func (x u128) add(y u128) u128 {
	lo, c := bits.Add64(x.lo, y.lo, 0)
	hi, _ := bits.Add64(x.hi, y.hi, c)
	return u128{hi, lo}
}
