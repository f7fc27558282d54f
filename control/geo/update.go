package geo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/meridian-gtm/meridian/traffic/line"
)

// Options change what Update does; the zero value is what `meridian geo update`
// and `make geodata` want.
type Options struct {
	Force      bool          // ask npm and compile even if nothing seems to have changed
	CheckEvery time.Duration // ask npm for newer data at most this often; 0: every 24 h
	Offline    bool          // never run npm; compile what the folder has
	Rules      *Rules        // nil: DefaultRules
	NPM        string        // the npm client; "": npm from PATH
	Log        func(format string, args ...any)
}

// Update brings the map of a geo folder up to date: it fetches newer packages
// with the npm client, compiles, checks and swaps. It does nothing if the map in
// place was made of the newest files. When npm or the network is missing but the
// folder has data, it works with those and says so in Report.Warnings. On any
// error the map in place stays.
func Update(ctx context.Context, dir string, o Options) (Report, error) {
	log := o.Log
	if log == nil {
		log = func(string, ...any) {}
	}
	if o.CheckEvery == 0 {
		o.CheckEvery = 24 * time.Hour
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Report{}, fmt.Errorf("make geo folder: %w", err)
	}
	unlock, err := lock(ctx, dir)
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	last, err := ReadReport(dir)
	if err != nil {
		log("ignoring the report of the last update: %v", err)
	}
	now := time.Now().UTC()
	var warnings []string
	have, err := findFiles(dir)
	if err != nil {
		return Report{}, err
	}
	checked := last.Checked
	complete := len(have.place) > 0 && have.as[0] != "" && have.as[1] != ""
	if !o.Offline && (o.Force || !complete || now.Sub(last.Checked) >= o.CheckEvery || now.Before(last.Checked)) {
		n := npm{path: o.NPM, log: log}
		switch err := n.fetch(ctx, dir, placePackage, asPackage); {
		case err == nil:
			checked = now
		case ctx.Err() != nil:
			return Report{}, fmt.Errorf("fetch geo data: %w", ctx.Err())
		case len(have.place) == 0 && len(have.own) == 0:
			return Report{}, err
		default:
			warnings = append(warnings, "kept the data at hand: "+err.Error())
		}
		if have, err = findFiles(dir); err != nil {
			return Report{}, err
		}
	}
	print, err := have.fingerprint(dir)
	if err != nil {
		return Report{}, err
	}
	cur, openErr := Open(dir)
	if openErr != nil {
		warnings = append(warnings, "replacing a damaged map: "+openErr.Error())
		cur = nil
	}
	if !o.Force && cur != nil && !cur.Empty() && last.Fingerprint == print && last.Hash == cur.Hash() {
		last.Changed, last.Checked, last.Warnings = false, checked, warnings
		return last, writeReport(dir, last)
	}
	log("compiling the location map")
	m, r, err := Compile(dir)
	if err != nil {
		return Report{}, err
	}
	rules := DefaultRules
	if o.Rules != nil {
		rules = *o.Rules
	}
	if err := rules.Check(m, cur); err != nil {
		return Report{}, err
	}
	encoded := m.AppendTo(nil)
	r.Checked, r.Bytes, r.Warnings = checked, len(encoded), append(warnings, r.Warnings...)
	if r.Changed = cur == nil || m.Hash() != cur.Hash(); r.Changed {
		if err := swap(dir, encoded); err != nil {
			return Report{}, err
		}
	}
	return r, writeReport(dir, r)
}

// Compile makes a map of what the geo folder has and leaves the folder as it is.
func Compile(dir string) (*line.Map, Report, error) {
	begin := time.Now()
	f, err := findFiles(dir)
	if err != nil {
		return nil, Report{}, err
	}
	if len(f.own) == 0 && len(f.place) == 0 {
		return nil, Report{}, fmt.Errorf("no place data in %s: run `meridian geo update`, or put a place file into %s", dir, filepath.Join(dir, "own"))
	}
	print, err := f.fingerprint(dir)
	if err != nil {
		return nil, Report{}, err
	}
	in, err := f.read(dir)
	if err != nil {
		return nil, Report{}, err
	}
	m, defaults, err := compile(in)
	if err != nil {
		return nil, Report{}, err
	}
	r := Report{Hash: m.Hash(), Fingerprint: print, Compiled: begin.UTC(), Took: time.Since(begin), About: m.About(), Defaults: defaults}
	if f.as[0] == "" && f.as[1] == "" {
		r.Warnings = append(r.Warnings, "no AS table: operators and clouds are known by network lists only")
	}
	return m, r, nil
}

// madeByMaxMind tells whether a place file asks for MaxMind's sentence.
func madeByMaxMind(path string) (bool, error) {
	db, err := maxminddb.Open(path)
	if err != nil {
		return false, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	defer db.Close()
	t := db.Metadata.DatabaseType
	return slices.ContainsFunc([]string{"GeoLite2-", "GeoIP2-"}, func(p string) bool { return len(t) > len(p) && t[:len(p)] == p }), nil
}

// errNoNPM is told apart in tests only by its words; users read it.
var errNoNPM = errors.New("npm is not installed: install Node.js, or copy place files into own/ of the geo folder")
