package geo

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
)

// asRange is one row of an AS table: the addresses that an AS announces.
type asRange struct {
	first, last netip.Addr
	asn         uint32
	name        string
}

// readASNs reads an AS table: first address, last address, number, organisation;
// one family, rising by first address. Where rows overlap (the published table
// has such a place) the earlier row keeps the addresses. yield may stop the walk
// by false.
func readASNs(name string, r io.Reader, yield func(asRange) bool) error {
	c := csv.NewReader(bufio.NewReaderSize(r, 1<<20))
	c.FieldsPerRecord, c.ReuseRecord, c.LazyQuotes = -1, true, true
	var start, taken netip.Addr // of the row before; the last address given out
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read AS table %s: %w", name, err)
		}
		at, _ := c.FieldPos(0)
		bad := func(what string) error { return fmt.Errorf("read AS table %s, line %d: %s", name, at, what) }
		if len(row) < 3 {
			return bad("wants first address, last address, AS number, organisation")
		}
		var x asRange
		x.first, err = netip.ParseAddr(row[0])
		if err != nil {
			return bad(fmt.Sprintf("%q is not an address", row[0]))
		}
		if x.last, err = netip.ParseAddr(row[1]); err != nil {
			return bad(fmt.Sprintf("%q is not an address", row[1]))
		}
		if x.first.BitLen() != x.last.BitLen() || x.last.Less(x.first) || start.IsValid() && (x.first.BitLen() != start.BitLen() || x.first.Less(start)) {
			return bad("the range is empty, begins before the row above or is of another family")
		}
		start = x.first
		if taken.IsValid() && !taken.Less(x.last) {
			continue
		}
		if taken.IsValid() && !taken.Less(x.first) {
			x.first = taken.Next()
		}
		taken = x.last
		n, err := strconv.ParseUint(row[2], 10, 32)
		if err != nil {
			return bad(fmt.Sprintf("%q is not an AS number", row[2]))
		}
		x.asn = uint32(n)
		if len(row) > 3 {
			x.name = row[3]
		}
		if !yield(x) {
			return nil
		}
	}
}

// asSteps reads an AS table into a function over addresses; number gives the
// value of an AS.
func asSteps(path string, number func(asn uint32) uint32) (s steps, rows int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return s, 0, fmt.Errorf("open AS table: %w", err)
	}
	defer f.Close()
	s.put(key{}, 0)
	err = readASNs(filepath.Base(path), f, func(x asRange) bool {
		rows++
		v := number(x.asn)
		s.put(keyOf(x.first), v)
		after := keyOf(x.last).next()
		if x.last.Is4() && after.lo < 1<<32 || x.last.Is6() && after != (key{}) {
			s.put(after, 0)
		}
		return true
	})
	return s, rows, err
}
