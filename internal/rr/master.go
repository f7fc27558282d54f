package rr

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// MaxMasterOctets bounds a master file; about a million records.
const MaxMasterOctets = 64 << 20

// ReadMaster reads a master file (RFC 1035 §5, RFC 2308 §4 for $TTL). Relative
// names belong to origin. $INCLUDE and $GENERATE are refused: a file that someone
// uploads must neither read the server's disk nor multiply itself. All classes but
// IN are refused. Errors name the line; those of several lines are LineErrors.
func ReadMaster(r io.Reader, origin string) ([]RR, error) {
	out, _, err := ReadMasterLines(r, origin)
	return out, err
}

// LineError is what is wrong with a line of a master file.
type LineError struct {
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// LineErrors are the wrong lines of a master file, in their order, one error a line.
type LineErrors []*LineError

func (e LineErrors) Error() string {
	texts := make([]string, len(e))
	for i, one := range e {
		texts[i] = one.Error()
	}
	return strings.Join(texts, "\n")
}

const (
	// maxLineErrors is as much as somebody mends at once; after it the rest is not read.
	maxLineErrors = 20
	// maxReread bounds the files that are read again for further errors: the parser
	// ends at the first, so each costs a pass.
	maxReread = 1 << 20
)

// ReadMasterLines is ReadMaster that tells for each record the line where it begins.
func ReadMasterLines(r io.Reader, origin string) ([]RR, []int, error) {
	if _, err := PackName(origin); err != nil {
		return nil, nil, fmt.Errorf("origin: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, MaxMasterOctets+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read master file: %w", err)
	}
	if len(text) > MaxMasterOctets {
		return nil, nil, fmt.Errorf("the master file is over %d octets; split the zone", MaxMasterOctets)
	}
	entries, err := joinLines(text)
	if err != nil {
		return nil, nil, err
	}
	var wrong LineErrors
	for {
		out, lines, bad := readEntries(entries, origin)
		if len(bad.found) == 0 && len(wrong) == 0 {
			return out, lines, nil
		}
		// What is wrong without ending the parser shows again on each pass.
		if !bad.ended || len(text) > maxReread || len(wrong) >= maxLineErrors {
			wrong = append(wrong, bad.found...)
			slices.SortFunc(wrong, func(a, b *LineError) int { return cmp.Compare(a.Line, b.Line) })
			return nil, nil, wrong[:min(len(wrong), maxLineErrors)]
		}
		// The entry at which the parser ended is left out to see what follows it.
		last := bad.found[len(bad.found)-1]
		wrong = append(wrong, last)
		entries = slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return e.line == last.Line })
	}
}

// badEntries is what a pass over a file finds wrong; ended: the last of them ended it.
type badEntries struct {
	found LineErrors
	ended bool
}

func readEntries(entries []entry, origin string) (out []RR, lines []int, bad badEntries) {
	src := &lineReader{lines: entries}
	zp := dns.NewZoneParser(src, origin, "")
	zp.SetDefaultTTL(3600) // where the file has neither $TTL nor a TTL before
	for rec, ok := zp.Next(); ok; rec, ok = zp.Next() {
		one, err := fromLibrary(rec)
		if err != nil {
			bad.found = append(bad.found, &LineError{Line: src.line(), Err: err})
			continue
		}
		out, lines = append(out, one), append(lines, src.line())
	}
	if err := zp.Err(); err != nil {
		bad.found, bad.ended = append(bad.found, &LineError{Line: src.line(), Err: plain(err)}), true
	}
	return out, lines, bad
}

// fromLibrary checks a parsed record on our own terms and turns it into text.
func fromLibrary(rec dns.RR) (RR, error) {
	h := *rec.Header()
	wire, err := PackName(h.Name)
	if err != nil {
		return RR{}, fmt.Errorf("owner: %w", err)
	}
	name := NameText(wire)
	typ := TypeText(h.Rrtype)
	if h.Class != dns.ClassINET {
		return RR{}, fmt.Errorf("%s %s: class %s is not served; use IN", name, typ, dns.Class(h.Class))
	}
	if _, ok := TypeNumber(typ); !ok {
		return RR{}, fmt.Errorf("%s: type %s cannot stand in a zone; remove the record", name, typ)
	}
	if h.Ttl > MaxTTL {
		return RR{}, fmt.Errorf("%s %s: ttl %d is too large; use at most %d", name, typ, h.Ttl, MaxTTL)
	}
	rdata, err := pack(rec)
	if err == nil {
		err = check(h.Rrtype, rdata)
	}
	if err != nil {
		return RR{}, fmt.Errorf("%s %s: %w", name, typ, err)
	}
	return RR{Name: name, Type: typ, TTL: h.Ttl, Data: Text(h.Rrtype, rdata)}, nil
}

// WriteMaster writes records as a master file: the SOA first, then by canonical
// order of names (RFC 4034 §6.1), type and data, all names in full. What it writes
// ReadMaster reads back as the same set.
func WriteMaster(w io.Writer, origin string, records []RR) error {
	if _, err := PackName(origin); err != nil {
		return fmt.Errorf("origin: %w", err)
	}
	type line struct {
		RR
		typ  uint16
		wire []byte
	}
	lines := make([]line, 0, len(records))
	for _, r := range records {
		wire, err := PackName(r.Name)
		if err != nil {
			return fmt.Errorf("write %s %s: %w", r.Name, r.Type, err)
		}
		typ, _, err := Parse(r.Name, r.Type, r.TTL, r.Data)
		if err != nil {
			return fmt.Errorf("write %s %s: %w", r.Name, r.Type, err)
		}
		lines = append(lines, line{r, typ, wire})
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		aSOA, bSOA := a.typ == dns.TypeSOA, b.typ == dns.TypeSOA
		switch {
		case aSOA && !bSOA:
			return -1
		case bSOA && !aSOA:
			return 1
		}
		return cmp.Or(CompareNames(a.wire, b.wire), cmp.Compare(a.typ, b.typ), cmp.Compare(a.Data, b.Data))
	})
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "$ORIGIN %s\n", origin)
	for _, l := range lines {
		fmt.Fprintf(out, "%s\t%d\tIN\t%s\t%s\n", NameText(l.wire), l.TTL, TypeText(l.typ), l.Data)
	}
	return out.Flush()
}

// CompareNames orders lower-cased wire names canonically (RFC 4034 §6.1): label by
// label from the root, each as octets.
func CompareNames(a, b []byte) int {
	la, lb := labels(a), labels(b)
	for i, j := len(la)-1, len(lb)-1; i >= 0 && j >= 0; i, j = i-1, j-1 {
		if c := bytes.Compare(la[i], lb[j]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(la), len(lb))
}

func labels(name []byte) (out [][]byte) {
	for len(name) > 0 && name[0] != 0 {
		out = append(out, name[1:1+name[0]])
		name = name[1+name[0]:]
	}
	return out
}
