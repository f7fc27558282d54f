package rr

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// MaxTTL is the largest TTL in seconds (RFC 2181 §8).
const MaxTTL = 1<<31 - 1

// RR is one record as text.
type RR struct {
	Name string // fully qualified, lower case, trailing dot
	Type string // mnemonic or TYPEnnn
	TTL  uint32 // seconds
	Data string // presentation form, names in it fully qualified
}

// unqualified is the origin under which records without an origin are parsed: a
// name that ends in it was written without its trailing dot.
const unqualified = "relative-name.invalid."

var unqualifiedWire = []byte("\x0drelative-name\x07invalid\x00")

// Parse checks one record and returns its type and its rdata in uncompressed wire
// form. owner and all names in data must be fully qualified. Data may also be in
// the form of RFC 3597 (\# length hex), for every type.
func Parse(owner, rtype string, ttl uint32, data string) (typ uint16, rdata []byte, err error) {
	if _, err = PackName(owner); err != nil {
		return 0, nil, fmt.Errorf("owner: %w", err)
	}
	typ, ok := TypeNumber(rtype)
	if !ok {
		return 0, nil, fmt.Errorf("type %q is not a record type; use a mnemonic such as A, MX or TXT, or TYPE and its number", rtype)
	}
	if ttl > MaxTTL {
		return 0, nil, fmt.Errorf("ttl %d is too large; use at most %d", ttl, MaxTTL)
	}
	fail := func(err error) (uint16, []byte, error) {
		return 0, nil, fmt.Errorf("%s data %q: %w", TypeText(typ), data, err)
	}
	if strings.ContainsAny(data, "\n\r") {
		return fail(errors.New("remove the line break"))
	}
	if comments(data) {
		return fail(errors.New(`a semicolon begins a comment and the rest would be lost; put the text in "quotes"`))
	}
	if strings.TrimSpace(data) == "" {
		return fail(errors.New("give the record's data"))
	}
	// The owner is left out of the parsed text: what it holds is already checked,
	// and it must not be able to become syntax.
	zp := dns.NewZoneParser(strings.NewReader(fmt.Sprintf(". %d IN %s %s\n", ttl, TypeText(typ), data)), unqualified, "")
	rec, ok := zp.Next()
	if !ok || zp.Err() != nil {
		return fail(plain(zp.Err()))
	}
	if _, more := zp.Next(); more || zp.Err() != nil {
		return fail(errors.New("give one record at a time"))
	}
	if rdata, err = pack(rec); err != nil {
		return fail(err)
	}
	if bytes.Contains(bytes.ToLower(rdata), unqualifiedWire) {
		return fail(errors.New("a name in it is relative; write it in full with a dot at the end"))
	}
	if err := check(typ, rdata); err != nil {
		return fail(err)
	}
	return typ, rdata, nil
}

// comments reports whether data has a semicolon that is neither quoted nor escaped.
func comments(data string) bool {
	quoted := false
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				return true
			}
		}
	}
	return false
}

// Text turns rdata into presentation form. Data that does not fit its type comes
// out in the form of RFC 3597.
func Text(typ uint16, rdata []byte) string {
	hdr := dns.RR_Header{Name: ".", Rrtype: typ, Class: dns.ClassINET, Rdlength: uint16(len(rdata))}
	if rec, off, err := dns.UnpackRRWithHeader(hdr, rdata, 0); err == nil && off == len(rdata) && len(rdata) > 0 {
		if s := strings.TrimPrefix(rec.String(), rec.Header().String()); s != "" {
			// A text that does not lead back to the same octets would change the zone
			// on export and import.
			if _, back, err := Parse(".", TypeText(typ), 0, s); err == nil && bytes.Equal(back, rdata) {
				return s
			}
		}
	}
	if len(rdata) == 0 {
		return `\# 0`
	}
	return fmt.Sprintf(`\# %d %s`, len(rdata), hex.EncodeToString(rdata))
}

// pack returns the rdata of a parsed record. The library's own estimate of the
// size nearly always does; room for the largest record costs 64 KiB to clear.
func pack(rec dns.RR) ([]byte, error) {
	rec.Header().Name = "."
	var n int
	var err error
	for _, size := range [...]int{min(dns.Len(rec)+16, dns.MaxMsgSize), dns.MaxMsgSize} {
		buf := make([]byte, size)
		if n, err = dns.PackRR(rec, buf, 0, nil, false); err == nil {
			return bytes.Clone(buf[11:n]), nil // 1 octet of owner, 10 of fixed fields
		}
	}
	return nil, plain(err)
}

// check refuses octets that the library would not read back: the generic form
// can spell anything, and a name cut short would reach the packet path.
func check(typ uint16, rdata []byte) error {
	hdr := dns.RR_Header{Name: ".", Rrtype: typ, Class: dns.ClassINET, Rdlength: uint16(len(rdata))}
	if len(rdata) == 0 {
		if _, known := dns.TypeToRR[typ]; known && typ != dns.TypeAPL {
			return errors.New("give the record's data")
		}
		return nil
	}
	if _, off, err := dns.UnpackRRWithHeader(hdr, rdata, 0); err != nil || off != len(rdata) {
		return errors.New("the octets do not form a record of this type")
	}
	return nil
}

// plain takes the library's prefix and its place in a text that our user never
// saw off an error.
func plain(err error) error {
	if err == nil {
		return errors.New("not understood")
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "dns: "), " at line: ")
	return errors.New(text)
}
