package node

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/traffic/querylog"
)

// logging is a query log of a state without configuration, drained by the test.
func logging(t *testing.T, o QueryLog) (*queryFile, *resolve.Tap, *resolve.Worker, *string) {
	t.Helper()
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	s := resolve.NewState(resolve.Options{Workers: 1, Log: slog.New(slog.DiscardHandler)})
	said := new(string)
	q := &queryFile{opt: o, node: "edge-1", alarm: func(text string) { *said = text }}
	return q, s.Tap(resolve.TapOptions{Rcode: -1, Every: o.Every, Room: logRoom}), s.NewWorker(0, 1232), said
}

// TestQueryLogTurnsOver: files of the size that was asked for, no more of them than
// that, each line whole, the newest lines in the file itself.
func TestQueryLogTurnsOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "queries.jsonl")
	q, tap, w, said := logging(t, QueryLog{File: path, Size: leastLogSize, Keep: 2})
	for range 40 {
		asks(w, 50)
		q.drain(tap)
	}
	q.close()
	lines := 0
	for _, name := range []string{path, path + ".1", path + ".2"} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || info.Size() > leastLogSize || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
		for s := bufio.NewScanner(f); s.Scan(); lines++ {
			var r querylog.LoggedQuery
			if err := json.Unmarshal(s.Bytes(), &r); err != nil || r.Node != "edge-1" || r.Client != "198.51.100.0/24" || r.Name != "www.example.com" || r.Rcode != "REFUSED" {
				t.Fatalf("%s: %v", s.Text(), err)
			}
		}
	}
	if _, err := os.Stat(path + ".3"); err == nil {
		t.Error("more files stay than were asked for")
	}
	if n := q.written.Load(); n != 2000 || q.dropped.Load() != 0 || *said != "" || lines < 600 || lines >= 2000 {
		t.Errorf("%d written, %d dropped, %d lines stay, alarm %q", n, q.dropped.Load(), lines, *said)
	}
}

// TestQueryLogWithoutDisk: what cannot be written is counted and alarmed, and it goes on
// when the disk does.
func TestQueryLogWithoutDisk(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "later")
	q, tap, w, said := logging(t, QueryLog{File: filepath.Join(dir, "q"), Whole: true})
	asks(w, 10)
	q.drain(tap)
	if q.dropped.Load() != 10 || !strings.Contains(*said, "queries are not logged") {
		t.Errorf("%d dropped, alarm %q", q.dropped.Load(), *said)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	asks(w, 10)
	q.drain(tap)
	b, err := os.ReadFile(filepath.Join(dir, "q"))
	if err != nil || strings.Count(string(b), `"client":"198.51.100.77"`) != 10 || *said != "" || q.written.Load() != 10 {
		t.Errorf("%s\n%v, alarm %q", b, err, *said)
	}
}

func TestQueryLogSettings(t *testing.T) {
	t.Parallel()
	for i, o := range []QueryLog{{Every: 5}, {Whole: true}, {File: "x", Size: 1}, {File: "x", Every: querylog.MostEvery + 1}} {
		if o.complete() == nil {
			t.Errorf("%d: %+v is taken", i, o)
		}
	}
	o := QueryLog{File: "x"}
	if err := o.complete(); err != nil || fmt.Sprint(o) != fmt.Sprint(QueryLog{File: "x", Every: 1, Size: defaultLogSize, Keep: defaultLogKeep}) {
		t.Errorf("%+v, %v", o, err)
	}
}
