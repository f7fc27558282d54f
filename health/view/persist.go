package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// fileName is the file in Options.Dir.
const fileName = "verdicts.json"

// file is the stored form. Ages are counted on over the time that the machine was
// off, by its own wall clock; a clock that was set back counts as no time.
type file struct {
	Version  int           `json:"v"`
	Saved    time.Time     `json:"saved"`
	Verdicts []fileVerdict `json:"verdicts"`
	Vantages []fileVantage `json:"vantages"`
}

type fileVerdict struct {
	traffic.TaskKey
	State verdict.State `json:"state"`
	AgeMS int64         `json:"age_ms"`
}

type fileVantage struct {
	ID     string            `json:"id"`
	Labels map[string]string `json:"labels,omitempty"`
	AgeMS  int64             `json:"age_ms"` // since its last heartbeat
}

func (v *View) load() {
	if v.opt.Dir == "" {
		return
	}
	data, err := os.ReadFile(filepath.Join(v.opt.Dir, fileName))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = v.restore(data, time.Now())
	}
	if err != nil {
		v.log.Warn("kept verdicts are not used", "file", filepath.Join(v.opt.Dir, fileName), "error", err)
	}
}

// restore takes all of a stored form or nothing.
func (v *View) restore(data []byte, now time.Time) error {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("read kept verdicts: %w", err)
	}
	if f.Version != health.Version {
		return fmt.Errorf("read kept verdicts: have version %d, this release reads %d", f.Version, health.Version)
	}
	// A century is more than any age that means something, and no sum of two overflows.
	const century = 100 * 365 * 24 * time.Hour
	const maxMS = int64(century / time.Millisecond)
	off := min(max(now.Round(0).Sub(f.Saved), 0), century)
	for _, s := range f.Vantages {
		if err := health.CheckVantage(s.ID); err != nil || s.AgeMS < 0 || s.AgeMS > maxMS {
			return fmt.Errorf("read kept verdicts: vantage %q age %d: %w", s.ID, s.AgeMS, errors.Join(err, errBad))
		}
	}
	loaded := make(map[traffic.TaskKey]verdict.Verdict, len(f.Verdicts))
	for _, k := range f.Verdicts {
		if k.State == verdict.Unknown || k.AgeMS < 0 || k.AgeMS > maxMS {
			return fmt.Errorf("read kept verdicts: verdict of %v: %w", k.TaskKey, errBad)
		}
		loaded[k.TaskKey] = verdict.Verdict{State: k.State, Stale: true, Since: now.Add(-off - time.Duration(k.AgeMS)*time.Millisecond)}
	}
	v.loaded = loaded
	for _, s := range f.Vantages {
		v.vantages[s.ID] = &source{id: s.ID, labels: s.Labels, age: off + time.Duration(s.AgeMS)*time.Millisecond}
	}
	return nil
}

var errBad = errors.New("value out of range")

// snapshot returns the stored form when there is something to store.
func (v *View) snapshot(now time.Time) *file {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.unsaved && now.Sub(v.saved) < saveAtLeast || v.loaded != nil {
		return nil // before the first model, the file on disk knows more than we do
	}
	v.unsaved, v.saved = false, now
	f := &file{Version: health.Version, Saved: now.Round(0)}
	for k, t := range v.tasks {
		if t.v.State != verdict.Unknown {
			f.Verdicts = append(f.Verdicts, fileVerdict{k, t.v.State, max(now.Sub(t.v.Since), 0).Milliseconds()})
		}
	}
	for id, s := range v.vantages {
		f.Vantages = append(f.Vantages, fileVantage{id, s.labels, max(s.silence(v.begun, now), 0).Milliseconds()})
	}
	return f
}

// saveUntil writes the file in its own goroutine, so that a slow disk delays nothing.
func (v *View) saveUntil(ctx context.Context) {
	if v.opt.Dir == "" {
		return
	}
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for {
		end := false
		select {
		case <-ctx.Done():
			end = true
		case <-ticker.C:
		}
		if f := v.snapshot(time.Now()); f != nil {
			v.noteSave(f.write(v.opt.Dir))
		}
		if end {
			return
		}
	}
}

// noteSave notes how a save went; a disk that stays full is said once, not each second.
func (v *View) noteSave(err error) {
	v.mu.Lock()
	was := v.saveErr
	v.saveErr, v.unsaved = err, v.unsaved || err != nil
	v.mu.Unlock()
	switch {
	case err != nil && was == nil:
		v.log.Warn("verdicts not saved", "error", err)
	case err == nil && was != nil:
		v.log.Info("verdicts are saved again")
	}
}

// Alarm says that verdicts do not get to the disk, "" when they do.
func (v *View) Alarm() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.saveErr == nil {
		return ""
	}
	return "verdicts are in use but cannot be stored, and would be older after a restart: " + v.saveErr.Error()
}

// write replaces the file in one step: a reader sees the old one or the new one.
func (f *file) write(dir string) error {
	data, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode verdicts: %w", err)
	}
	tmp, err := os.CreateTemp(dir, fileName+".*")
	if err != nil {
		return fmt.Errorf("save verdicts: %w", err)
	}
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync() // else a power cut may leave the new name with no content
	}
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, fileName))
	}
	if err != nil {
		os.Remove(tmp.Name())
		return fmt.Errorf("save verdicts: %w", err)
	}
	return nil
}
