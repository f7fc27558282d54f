package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/distribute/follow"
	"github.com/meridian-gtm/meridian/traffic"
)

const (
	// lapseGrace is how much longer than its full time an override stands on a node.
	// Control removes one within a second of its end and nodes hear that in a fraction of
	// another: what has not come by then, no control has sent.
	lapseGrace = 5 * time.Second
	// lapseSave is how often the time that has gone by is written down. A crash loses as
	// much, and the override then lapses so much later.
	lapseSave = 5 * time.Second
)

// lapser ends overrides on a node that hears nothing of control (design 5.6, D12). It
// measures by the node's monotonic clock, from the moment at which the node learned of
// the order or of its present end: so never before control would end it. Over a restart
// only the time counts that the process ran; a wall clock that jumped while it did not
// must not send clients back into a site that is being rebuilt.
type lapser struct {
	path string
	log  *slog.Logger
	tell func(lapsed map[string]bool) // called in order, with mu held
	warn func(text string)            // what has lapsed, "" for nothing

	wake chan struct{}

	mu    sync.Mutex // guards the fields below
	lives map[string]*life
	said  map[string]bool // to tell
	kept  map[string]life // from disk, until the first configuration comes
}

// life is how long one override with an end has stood here.
type life struct {
	order  string
	EndsAt time.Time        `json:"ends_at"`
	Lasts  traffic.Duration `json:"lasts"`
	Ran    time.Duration    `json:"ran_ns"` // before since
	since  time.Time
}

func (l *life) left(now time.Time) time.Duration {
	return time.Duration(l.Lasts) + lapseGrace - l.Ran - now.Sub(l.since)
}

// same reports whether two lives are of one order with one end.
func (l *life) same(o *traffic.Override) bool {
	return l.EndsAt.Equal(o.EndsAt) && l.Lasts == o.Lasts
}

// newLapser reads what an earlier life of the process has measured. What cannot be read
// is measured anew, which is later and never earlier.
func newLapser(dir string, tell func(map[string]bool), warn func(string), log *slog.Logger) *lapser {
	l := &lapser{path: filepath.Join(dir, "overrides"), log: log, tell: tell, warn: warn, wake: make(chan struct{}, 1), lives: map[string]*life{}}
	b, err := os.ReadFile(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return l
	}
	if err == nil {
		l.kept, err = readLives(b)
	}
	if err != nil {
		log.Warn("how long overrides have stood is not known; they may lapse later", "file", l.path, "err", err)
	}
	return l
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// readLives reads what writeLives wrote. The checksum is there since a flipped bit
// could end an order early.
func readLives(b []byte) (map[string]life, error) {
	sum, body, _ := bytes.Cut(b, []byte(" "))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil || uint32(want) != crc32.Checksum(body, castagnoli) {
		return nil, errors.New("the file is damaged")
	}
	var lives map[string]life
	if err := json.Unmarshal(body, &lives); err != nil {
		return nil, fmt.Errorf("read overrides: %w", err)
	}
	for id, f := range lives {
		if f.Ran < 0 || f.Lasts < 0 {
			return nil, fmt.Errorf("%s has run for %s of %s", id, f.Ran, f.Lasts)
		}
	}
	return lives, nil
}

func writeLives(lives map[string]life) []byte {
	body, err := json.Marshal(lives)
	if err != nil {
		panic(fmt.Sprintf("encode overrides: %v", err)) // plain data always encodes
	}
	return append(fmt.Appendf(nil, "%08x ", crc32.Checksum(body, castagnoli)), body...)
}

// learn takes a step of configuration in, before it is in force.
func (l *lapser) learn(u follow.Update) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.lives
	if u.Full {
		l.lives = map[string]*life{}
	}
	for _, c := range u.Changes {
		if c.Key.Kind != traffic.KindOverride {
			continue
		}
		o, _ := c.After.(*traffic.Override)
		if o == nil || o.EndsAt.IsZero() {
			delete(l.lives, c.Key.Name)
			continue
		}
		f := &life{order: o.Order(), EndsAt: o.EndsAt, Lasts: o.Lasts, since: now}
		if known := old[o.ID]; known != nil && known.same(o) {
			f.Ran, f.since = known.Ran, known.since
		} else if kept, ok := l.kept[o.ID]; ok && kept.same(o) {
			f.Ran = kept.Ran
		}
		l.lives[o.ID] = f
	}
	if u.Full {
		l.kept = nil // taken over, or of what is gone
	}
	l.judgeLocked(now)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// judgeLocked says which have lapsed, if those are others than before, and returns when
// the next one does; 0 for never.
func (l *lapser) judgeLocked(now time.Time) (next time.Duration) {
	lapsed := map[string]bool{}
	var texts []string
	for id, f := range l.lives {
		left := f.left(now)
		if left <= 0 {
			lapsed[id] = true
			texts = append(texts, id+" ("+f.order+")")
		} else if next == 0 || left < next {
			next = left
		}
	}
	if maps.Equal(lapsed, l.said) {
		return next
	}
	l.said = lapsed
	l.tell(lapsed)
	text := ""
	if len(texts) > 0 {
		slices.Sort(texts)
		text = "control has not removed overrides whose end has come; they have ended here by this node's own clock: " + strings.Join(texts, ", ")
	}
	l.warn(text)
	return next
}

// Run lets overrides lapse and writes down how long they have stood, until ctx ends.
func (l *lapser) Run(ctx context.Context) error {
	save := time.NewTicker(lapseSave)
	defer save.Stop()
	defer l.save()
	for {
		l.mu.Lock()
		next := l.judgeLocked(time.Now())
		l.mu.Unlock()
		var due <-chan time.Time
		var t *time.Timer
		if next > 0 {
			t = time.NewTimer(next)
			due = t.C
		}
		select {
		case <-ctx.Done():
		case <-due:
		case <-l.wake:
		case <-save.C:
			l.save()
		}
		if t != nil {
			t.Stop()
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// save replaces the file in one step. Without overrides that end there is none.
func (l *lapser) save() {
	now := time.Now()
	l.mu.Lock()
	lives := make(map[string]life, len(l.lives))
	for id, f := range l.lives {
		c := *f
		c.Ran += now.Sub(f.since)
		lives[id] = c
	}
	waiting := l.kept != nil // nothing is known yet, and the file knows more
	l.mu.Unlock()
	if waiting {
		return
	}
	var err error
	if len(lives) == 0 {
		if err = os.Remove(l.path); errors.Is(err, fs.ErrNotExist) {
			return
		}
	} else {
		tmp := l.path + ".tmp"
		if err = writeSynced(tmp, writeLives(lives)); err == nil {
			err = os.Rename(tmp, l.path)
		}
	}
	if err != nil {
		l.log.Warn("how long overrides have stood is not written down; after a restart they may lapse later", "err", err)
	}
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}
