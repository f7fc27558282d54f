package geo

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// ASCount is an AS with the number of its IPv4 addresses in a country.
type ASCount struct {
	ASN       uint32 `json:"asn"`
	Name      string `json:"name"`
	Addresses uint64 `json:"addresses"`
}

// UnlistedASNs names the ASs with at least atLeast IPv4 addresses in mainland China
// that the operator lists do not know, largest first. It is for the owner of
// operators.csv, to be run twice a year on fresh data.
func UnlistedASNs(dir string, atLeast uint64) ([]ASCount, error) {
	f, err := findFiles(dir)
	if err != nil {
		return nil, err
	}
	paths := slices.Concat(f.own, f.place)
	if len(paths) == 0 || f.as[0] == "" {
		return nil, fmt.Errorf("list unknown ASs: %s has no place data or no AS table: run `meridian geo update`", dir)
	}
	all, err := readLists(dir)
	if err != nil {
		return nil, err
	}
	known := map[uint32]bool{}
	for _, e := range all {
		known[e.asn] = true
	}
	china := steps{at: []key{{}}, val: []uint32{0}}
	for _, path := range paths {
		p, err := readPlaces(path)
		if err != nil {
			return nil, err
		}
		china = zip(func(v []uint32) uint32 {
			if v[0] != 0 {
				return v[0]
			}
			switch p.records[v[1]].country {
			case "":
				return 0
			case "cn":
				return 2
			}
			return 1
		}, &china, &p.v4)
	}
	file, err := os.Open(f.as[0])
	if err != nil {
		return nil, fmt.Errorf("list unknown ASs: %w", err)
	}
	defer file.Close()
	count := map[uint32]*ASCount{}
	i := 0
	err = readASNs(filepath.Base(f.as[0]), file, func(x asRange) bool {
		first, after := keyOf(x.first).lo, keyOf(x.last).lo+1
		for i+1 < len(china.at) && china.at[i+1].lo <= first {
			i++
		}
		for j := i; j < len(china.at) && china.at[j].lo < after; j++ {
			until := after
			if j+1 < len(china.at) {
				until = min(until, china.at[j+1].lo)
			}
			if china.val[j] != 2 || known[x.asn] {
				continue
			}
			if count[x.asn] == nil {
				count[x.asn] = &ASCount{ASN: x.asn, Name: x.name}
			}
			count[x.asn].Addresses += until - max(first, china.at[j].lo)
		}
		return true
	})
	if err != nil {
		return nil, errors.Join(errors.New("list unknown ASs"), err)
	}
	var out []ASCount
	for _, c := range count {
		if c.Addresses >= atLeast {
			out = append(out, *c)
		}
	}
	slices.SortFunc(out, func(a, b ASCount) int {
		return cmp.Or(cmp.Compare(b.Addresses, a.Addresses), cmp.Compare(a.ASN, b.ASN))
	})
	return out, nil
}
