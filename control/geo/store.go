package geo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/meridian-gtm/meridian/traffic/line"
)

const (
	mapFile    = "locations.map"
	prevFile   = "locations.prev.map"
	reportFile = "report.json"
)

// Report says how a map was made; it stands beside the map.
type Report struct {
	Hash        string         `json:"hash"`        // of the map in place
	Fingerprint string         `json:"fingerprint"` // of what it was compiled from
	Changed     bool           `json:"changed"`     // whether this update put a new map in place
	Compiled    time.Time      `json:"compiled"`
	Checked     time.Time      `json:"checked"` // when npm was last asked for newer data
	Took        time.Duration  `json:"took_ns"`
	Bytes       int            `json:"bytes"`
	About       line.About     `json:"about"`
	Defaults    []DefaultPoint `json:"default_points"`
	Warnings    []string       `json:"warnings,omitempty"` // what went wrong without being fatal
}

// Open reads the compiled map of a geo folder. Without one it returns the empty
// map and no error: everything then is in default and custom lines. A damaged
// map is an error; the caller keeps what it has.
func Open(dir string) (*line.Map, error) {
	b, err := os.ReadFile(filepath.Join(dir, mapFile))
	if errors.Is(err, fs.ErrNotExist) {
		return line.EmptyMap(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("open location map: %w", err)
	}
	m, err := line.ReadMap(b)
	if err != nil {
		return nil, fmt.Errorf("open location map %s: %w", filepath.Join(dir, mapFile), err)
	}
	return m, nil
}

// ReadReport returns the report of the map in place; the zero Report if there is
// none.
func ReadReport(dir string) (Report, error) {
	var r Report
	b, err := os.ReadFile(filepath.Join(dir, reportFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("read geo report: %w", err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("read geo report: %w", err)
	}
	return r, nil
}

// Age returns how old the data of a map are at a time: the age of its oldest
// dated source. ok is false when no source has a date.
func Age(about line.About, now time.Time) (age time.Duration, ok bool) {
	for _, s := range about.Sources {
		if t, err := time.Parse(time.DateOnly, s.Date); err == nil {
			age, ok = max(age, now.Sub(t)), true
		}
	}
	return age, ok
}

// swap puts an encoded map in place: written aside, synced, the old one kept as
// the previous, then renamed. A crash at any point leaves a whole map.
func swap(dir string, encoded []byte) error {
	cur, prev := filepath.Join(dir, mapFile), filepath.Join(dir, prevFile)
	tmp, err := writeAside(dir, mapFile, encoded)
	if err != nil {
		return fmt.Errorf("save location map: %w", err)
	}
	defer os.Remove(tmp) // gone after the rename; else nothing to keep
	if exists(cur) {
		// A second name for the old file, so that the current name never goes missing.
		if err := os.Remove(prev); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("drop the location map before the previous: %w", err)
		}
		if err := os.Link(cur, prev); err != nil {
			return fmt.Errorf("keep the previous location map: %w", err)
		}
	}
	if err := os.Rename(tmp, cur); err != nil {
		return fmt.Errorf("swap location map: %w", err)
	}
	return syncDir(dir)
}

func writeReport(dir string, r Report) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode geo report: %w", err)
	}
	tmp, err := writeAside(dir, reportFile, append(b, '\n'))
	if err != nil {
		return fmt.Errorf("save geo report: %w", err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, reportFile)); err != nil {
		os.Remove(tmp)
		return fmt.Errorf("save geo report: %w", err)
	}
	return nil
}

func writeAside(dir, name string, b []byte) (path string, err error) {
	f, err := os.CreateTemp(dir, name+".*.tmp")
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}

// Lookup tells all that a map knows of an address, for `geo lookup`.
func Lookup(m *line.Map, a netip.Addr) (line.Client, error) {
	w, err := line.NewWorld(m, nil)
	if err != nil {
		return line.Client{}, err
	}
	return w.Locate(a), nil
}

// Summary is what `geo stats` shows.
type Summary struct {
	Hash     string         `json:"hash"`
	AgeDays  int            `json:"age_days"` // -1: unknown
	About    line.About     `json:"about"`
	Compiled time.Time      `json:"compiled"`
	Checked  time.Time      `json:"checked"`
	Defaults []DefaultPoint `json:"default_points"`
	Counts   line.Stats     `json:"counts"`
}

// Stats summarises the map of a geo folder.
func Stats(dir string) (Summary, error) {
	m, err := Open(dir)
	if err != nil {
		return Summary{}, err
	}
	r, err := ReadReport(dir)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Hash: m.Hash(), AgeDays: -1, About: m.About(), Counts: m.Stats()}
	if r.Hash == s.Hash {
		s.Compiled, s.Checked, s.Defaults = r.Compiled, r.Checked, r.Defaults
	}
	if age, ok := Age(s.About, time.Now()); ok {
		s.AgeDays = int(age.Hours() / 24)
	}
	return s, nil
}

// MapPath is the file of the compiled map in a geo folder: it is replaced whole, so
// another file there means another map.
func MapPath(dir string) string { return filepath.Join(dir, mapFile) }
