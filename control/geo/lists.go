package geo

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/traffic/line"
)

// curated is the list of operators, clouds and crawlers that the project keeps.
// It names networks by AS number where routing tells the operator safely, by
// prefix where it does not (IPv6 of Chinese operators, crawlers).
//
//go:embed operators.csv
var curated []byte

// entry is one row of a list.
type entry struct {
	group    string // isp, cloud, search, or none: known, and deliberately no line
	code     string
	asn      uint32       // or
	net      netip.Prefix // the network
	province string       // cn-gd where all of the AS is in one province
	user     bool         // from the geo folder rather than from the project
	note     string
}

// readList reads rows of group, code, AS number or network, province, note. The
// last two may be absent; # begins a comment line.
func readList(name string, r io.Reader, user bool) ([]entry, error) {
	c := csv.NewReader(r)
	c.Comment, c.FieldsPerRecord, c.TrimLeadingSpace = '#', -1, true
	var out []entry
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read list %s: %w", name, err)
		}
		at, _ := c.FieldPos(0)
		e, err := parseEntry(row)
		if err != nil {
			return nil, fmt.Errorf("read list %s, line %d: %w", name, at, err)
		}
		e.user = user
		out = append(out, e)
	}
}

func parseEntry(row []string) (entry, error) {
	if len(row) < 3 {
		return entry{}, errors.New("wants at least three columns: isp|cloud|search|none, code, AS number or network")
	}
	for len(row) < 5 {
		row = append(row, "")
	}
	e := entry{group: row[0], code: row[1], note: row[4]}
	full := e.code
	switch e.group {
	case "isp":
	case "cloud", "search":
		full = e.group + ":" + e.code
	case "none":
		full = line.Default
	default:
		return e, fmt.Errorf("%q is not isp, cloud, search or none", e.group)
	}
	in, ok := line.Lookup(full)
	if !ok || in.Code != full || strings.Contains(e.code, ":") || e.group == "isp" && in.Category != line.CategoryISP {
		return e, fmt.Errorf("%q is not a built-in %s line", e.code, e.group)
	}
	if n, isAS := strings.CutPrefix(row[2], "AS"); isAS {
		v, err := strconv.ParseUint(n, 10, 32)
		if err != nil || v == 0 {
			return e, fmt.Errorf("%q is not an AS number", row[2])
		}
		e.asn = uint32(v)
		if e.group == "search" {
			return e, errors.New("search engines go by network: their AS also carries users")
		}
	} else {
		p, err := netip.ParsePrefix(row[2])
		if a, aerr := netip.ParseAddr(row[2]); aerr == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p != p.Masked() || p.Addr().Is4In6() {
			return e, fmt.Errorf("%q is neither an AS number (AS4134) nor a network", row[2])
		}
		e.net = p
	}
	if row[3] != "" {
		e.province = "cn-" + row[3]
		if in, ok := line.Lookup(e.province); !ok || in.Code != e.province || strings.Count(e.province, "-") != 1 || len(row[3]) != 2 {
			return e, fmt.Errorf("%q is not a Chinese province", row[3])
		}
	}
	return e, nil
}

// readLists reads the curated list and the operator's own ones of the folder.
func readLists(dir string) ([]entry, error) {
	out, err := readList("operators.csv", bytes.NewReader(curated), false)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "lists", "*.csv"))
	if err != nil {
		return nil, fmt.Errorf("list the folder %s: %w", dir, err)
	}
	slices.Sort(files)
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read list: %w", err)
		}
		more, err := readList(filepath.Base(path), bytes.NewReader(b), true)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// asInfo is what the lists say of an AS.
type asInfo struct {
	asn       uint32
	isp       string
	cloud     string
	province  string
	none      bool
	userBased bool
}

// lists is all lists in the form that compilation needs.
type lists struct {
	as      []asInfo // 0 is the unknown one
	byASN   map[uint32]uint32
	entries []entry // 0 is none; what the painted values mean

	nets [3][2][]painted // by group (isp, cloud, search) and family (0: IPv4)
}

var groups = []string{"isp", "cloud", "search"}

func digest(all []entry) (*lists, error) {
	l := &lists{as: make([]asInfo, 1), byASN: map[uint32]uint32{}, entries: make([]entry, 1)}
	for _, e := range all {
		if e.asn == 0 {
			g := slices.Index(groups, e.group)
			if g < 0 {
				continue
			}
			family, prio := 0, 0
			if e.net.Addr().Is6() {
				family = 1
			}
			if e.user {
				prio = 1
			}
			l.nets[g][family] = append(l.nets[g][family], painted{e.net, uint32(len(l.entries)), prio})
			l.entries = append(l.entries, e)
			continue
		}
		i, ok := l.byASN[e.asn]
		if !ok {
			i = uint32(len(l.as))
			l.as = append(l.as, asInfo{asn: e.asn})
			l.byASN[e.asn] = i
		}
		a := &l.as[i]
		have := &a.isp
		switch e.group {
		case "cloud":
			have = &a.cloud
		case "none":
			if a.none = true; e.user {
				a.isp, a.cloud, a.province = "", "", ""
			}
			continue
		}
		if *have != "" && *have != e.code && !e.user {
			return nil, fmt.Errorf("AS%d is listed as %s and as %s", e.asn, *have, e.code)
		}
		*have = e.code
		a.userBased = a.userBased || e.user
		if e.group == "isp" {
			a.province = e.province
		}
	}
	return l, nil
}
