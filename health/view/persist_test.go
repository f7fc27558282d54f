package view

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

var key = traffic.TaskKey{Address: "a", Template: "t", Port: 80}

func TestKeptVerdictsThatCannotBeReadCountAsAbsent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sentence, data string }{
		{"an empty file", ""},
		{"half a file", `{"v":1,"verdicts":[{"address":"a"`},
		{"another version", `{"v":2}`},
		{"an unknown state", `{"v":1,"verdicts":[{"address":"a","template":"t","state":"sick","age_ms":1}]}`},
		{"a state of nobody's judgement", `{"v":1,"verdicts":[{"address":"a","template":"t","state":"unknown","age_ms":1}]}`},
		{"an age below zero", `{"v":1,"verdicts":[{"address":"a","template":"t","port":80,"state":"down","age_ms":-1}]}`},
		{"an age beyond all", `{"v":1,"verdicts":[{"address":"a","template":"t","port":80,"state":"down","age_ms":9223372036854775807}]}`},
		{"a vantage that cannot be", `{"v":1,"verdicts":[{"address":"a","template":"t","port":80,"state":"down","age_ms":1}],"vantages":[{"id":"a.b","age_ms":1}]}`},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, fileName), []byte(c.data), 0o600); err != nil {
				t.Fatal(err)
			}
			v := New(Options{Dir: dir, Log: quiet})
			if got := v.Verdict(key); got != (verdict.Verdict{}) || len(v.Vantages()) != 0 {
				t.Errorf("%+v and %+v were taken from it", got, v.Vantages())
			}
		})
	}
}

func TestAgeCountsOnWhileTheNodeIsOff(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct {
		sentence string
		saved    time.Time
		want     time.Duration
	}{
		{"an hour", now.Add(-time.Hour), time.Hour + time.Minute},
		{"a clock that was set back is no time", now.Add(time.Hour), time.Minute},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			data, err := json.Marshal(file{Version: 1, Saved: c.saved, Verdicts: []fileVerdict{{key, verdict.Down, time.Minute.Milliseconds()}},
				Vantages: []fileVantage{{ID: "hz", AgeMS: time.Minute.Milliseconds()}}})
			if err != nil {
				t.Fatal(err)
			}
			v := New(Options{Log: quiet})
			if err := v.restore(data, now); err != nil {
				t.Fatal(err)
			}
			if got := now.Sub(v.Verdict(key).Since); (got - c.want).Abs() > time.Second {
				t.Errorf("down for %v, want %v", got, c.want)
			}
			if got := v.vantages["hz"].age; (got - c.want).Abs() > time.Second {
				t.Errorf("silent for %v, want %v", got, c.want)
			}
		})
	}
}

func TestADiskThatIsFullDelaysNothing(t *testing.T) {
	t.Parallel()
	f := &file{Version: 1}
	if err := f.write(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("no error")
	}
	dir := t.TempDir()
	if err := f.write(dir); err != nil {
		t.Fatal(err)
	}
	if l, err := os.ReadDir(dir); err != nil || len(l) != 1 {
		t.Errorf("%v %v: one file and nothing beside it", l, err)
	}
}

// FuzzRestore: a damaged file is refused whole, or gives states and ages that make sense.
func FuzzRestore(f *testing.F) {
	good, err := json.Marshal(file{Version: 1, Saved: time.Unix(1e9, 0), Verdicts: []fileVerdict{{key, verdict.Up, 5}}, Vantages: []fileVantage{{ID: "hz", AgeMS: 5}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"v":1}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v := New(Options{Log: quiet})
		now := time.Unix(2e9, 0)
		if v.restore(data, now) != nil {
			if v.loaded != nil || len(v.vantages) > 0 {
				t.Fatal("a file that is refused left something behind")
			}
			return
		}
		for k, x := range v.loaded {
			if x.State == verdict.Unknown || !x.Stale || x.Since.After(now) {
				t.Fatalf("%v: %+v", k, x)
			}
		}
		for id, s := range v.vantages {
			if s.live || s.age < 0 {
				t.Fatalf("%s: %+v", id, s)
			}
		}
	})
}
