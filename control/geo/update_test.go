package geo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/traffic/line"
)

func TestUpdateFetchesCompilesAndSwaps(t *testing.T) {
	t.Parallel()
	n, dir := newFakeNPM(t), filepath.Join(t.TempDir(), "geo")
	o := Options{NPM: n.path(), Rules: sampleRules}
	n.publishSample("2.3.2026060513", nil)

	r, err := Update(t.Context(), dir, o)
	if err != nil || !r.Changed {
		t.Fatalf("the first update: changed %v, %v", r.Changed, err)
	}
	first, err := Open(dir)
	if err != nil || first.Hash() != r.Hash || first.Empty() {
		t.Fatalf("the map in place is %q, %v; want %q", first.Hash(), err, r.Hash)
	}
	if got := first.About().Sources[0]; got.Name != "DB-IP City Lite" || got.Version != "2.3.2026060513" || got.Date != "2026-06-05" {
		t.Errorf("source %+v", got)
	}

	calls := n.calls()
	if r, err := Update(t.Context(), dir, o); err != nil || r.Changed || n.calls() != calls {
		t.Errorf("a second update at once: changed %v, %d calls of npm more, %v", r.Changed, n.calls()-calls, err)
	}

	// A newer version with one country moved.
	n.publishSample("2.3.2026070100", func(s sample) bool { return s.country != "VA" })
	o.CheckEvery = time.Nanosecond
	if r, err = Update(t.Context(), dir, o); err != nil || !r.Changed {
		t.Fatalf("a newer version: changed %v, %v", r.Changed, err)
	}
	second, _ := Open(dir)
	prev, err := os.ReadFile(filepath.Join(dir, prevFile))
	if err != nil || string(prev) != string(first.AppendTo(nil)) || second.Hash() == first.Hash() {
		t.Errorf("the previous map is not kept: %v", err)
	}

	// Half of the data gone: refused, the map stays.
	n.publishSample("2.3.2026080100", func(s sample) bool { return s.country < "N" })
	if _, err := Update(t.Context(), dir, o); err == nil || !strings.Contains(err.Error(), "lost") {
		t.Errorf("half of the data is taken: %v", err)
	}
	if still, _ := Open(dir); still.Hash() != second.Hash() {
		t.Error("a refused map is in place")
	}
}

func TestUpdateWithoutNetwork(t *testing.T) {
	t.Parallel()
	n, dir := newFakeNPM(t), t.TempDir()
	o := Options{NPM: n.path(), Rules: sampleRules, CheckEvery: time.Nanosecond}
	write(t, filepath.Join(n.dir, "broken"), "")
	if _, err := Update(t.Context(), dir, o); err == nil || !strings.Contains(err.Error(), "ENOTFOUND") {
		t.Errorf("no network and no data: %v", err)
	}
	if _, err := Update(t.Context(), dir, Options{NPM: filepath.Join(dir, "nothing"), Rules: sampleRules}); err == nil || !strings.Contains(err.Error(), "npm is not installed") {
		t.Errorf("no npm and no data: %v", err)
	}
	full := geoFolder(t)
	r, err := Update(t.Context(), full, o)
	if err != nil || !r.Changed || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "kept the data at hand") {
		t.Errorf("no network but data: %+v, %v", r.Warnings, err)
	}
	calls := n.calls()
	if r, err := Update(t.Context(), full, Options{Offline: true, NPM: n.path(), Rules: sampleRules}); err != nil || n.calls() != calls || r.Changed {
		t.Errorf("offline: %+v, %v", r, err)
	}
}

func TestUpdateRefusesATamperedPackage(t *testing.T) {
	t.Parallel()
	n, dir := newFakeNPM(t), t.TempDir()
	n.publishSample("2.3.2026060513", nil)
	tarball(t, filepath.Join(n.dir, "asn.tgz"), map[string]string{"package/package.json": `{"version":"2.3.2026060513"}`, "package/asn-ipv4.csv": ""})
	if _, err := Update(t.Context(), dir, Options{NPM: n.path(), Rules: sampleRules}); err == nil || !strings.Contains(err.Error(), "differs from its published hash") {
		t.Errorf("a tampered package: %v", err)
	}
	if m, err := Open(dir); err != nil || !m.Empty() {
		t.Errorf("a map was made of it: %v", err)
	}
	left, err := glob(filepath.Join(dir, "*.tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestUpdateReplacesADamagedMap(t *testing.T) {
	t.Parallel()
	dir := geoFolder(t)
	write(t, filepath.Join(dir, mapFile), "MRDLINE1 and nonsense")
	write(t, filepath.Join(dir, reportFile), "{")
	if _, err := Open(dir); err == nil {
		t.Error("a damaged map is opened")
	}
	r, err := Update(t.Context(), dir, Options{Offline: true, Rules: sampleRules})
	if err != nil || !r.Changed || len(r.Warnings) == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if m, err := Open(dir); err != nil || m.Empty() {
		t.Errorf("after the repair: %v", err)
	}
}

func TestUpdateStopsWhenAsked(t *testing.T) {
	t.Parallel()
	n := newFakeNPM(t)
	write(t, n.path(), "#!/bin/sh\nexec sleep 60\n")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Update(ctx, t.TempDir(), Options{NPM: n.path()}); err == nil || ctx.Err() == nil {
		t.Errorf("a cancelled update: %v", err)
	}
}

func TestUpdatesOfOneFolderWaitForEachOther(t *testing.T) {
	t.Parallel()
	dir := geoFolder(t)
	unlock, err := lock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	o := Options{Offline: true, Rules: sampleRules}
	if _, err := Update(ctx, dir, o); err == nil || !strings.Contains(err.Error(), "another update") {
		t.Errorf("an update beside another: %v", err)
	}
	done := make(chan error)
	go func() {
		_, err := Update(t.Context(), dir, o)
		done <- err
	}()
	unlock()
	if err := <-done; err != nil {
		t.Errorf("an update after another: %v", err)
	}
}

func TestUpdateCompilesWhenAListChanges(t *testing.T) {
	t.Parallel()
	dir := geoFolder(t)
	o := Options{Offline: true, Rules: sampleRules}
	a, err := Update(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "lists", "ours.csv"), "isp,drpeng,1.56.0.0/16\n")
	b, err := Update(t.Context(), dir, o)
	if err != nil || !b.Changed || a.Hash == b.Hash {
		t.Errorf("a new list: changed %v, %v", b.Changed, err)
	}
}

func TestUnpackKeepsInsideItsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tgz, to := filepath.Join(dir, "a.tgz"), filepath.Join(dir, "in", "out")
	tarball(t, tgz, map[string]string{"package/good.csv": "1", "package/../../evil": "2", "package/sub/evil": "3", "../evil": "4", "/evil": "5", "package/..": "6"})
	if err := unpack(tgz, to); err != nil {
		t.Fatal(err)
	}
	var found []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, filepath.Base(path))
		}
		return err
	})
	if err != nil || strings.Join(found, " ") != "a.tgz good.csv" {
		t.Errorf("unpacked %v, %v", found, err)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	m := sampleMap(t)
	for _, c := range []struct {
		sentence string
		rules    Rules
		prev     *line.Map
		want     string
	}{
		{"a map like the one before passes", Rules{MaxShrink: 0.1}, m, ""},
		{"nothing before passes", Rules{}, nil, ""},
		{"too few ranges", Rules{MinRanges4: 1_000_000}, nil, "too small"},
		{"too few addresses", Rules{MinPlaced: 3_000_000_000}, nil, "too small"},
		{"wrong probes", Rules{MinProbes: len(Probes)}, nil, "wrong about well-known addresses"},
	} {
		err := c.rules.Check(m, c.prev)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.sentence, err)
		}
	}
	if err := (Rules{MaxShrink: 0.2}).Check(line.EmptyMap(), m); err == nil {
		t.Error("an empty map replaces a full one")
	}
}

func TestAgeIsThatOfTheOldestSource(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	age, ok := Age(line.About{Sources: []line.Source{{Date: "2026-06-20"}, {Date: "2026-06-01"}, {}}}, now)
	if !ok || age != 30*24*time.Hour {
		t.Errorf("age %v, %v", age, ok)
	}
	if got := versionDate("2.3.2026061719"); got != "2026-06-17" {
		t.Errorf("the version's date is %q", got)
	}
	if got := versionDate("1.2.3"); got != "" {
		t.Errorf("a version without a date gives %q", got)
	}
}
