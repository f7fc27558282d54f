package follow

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

// Update is one step to another configuration.
type Update struct {
	// Position is the one reached by the step.
	Position traffic.Position
	// Full: Changes are the whole configuration, and whatever else is there is gone.
	// Otherwise they follow each other in order, to be applied as one; the same object
	// may come twice.
	Full    bool
	Changes []traffic.Change
}

// Options of a Follower. Dir, Conn and Apply are required, and Keys at the first start.
type Options struct {
	// Dir belongs to the follower. Made with mode 0700.
	Dir  string
	Conn *nats.Conn
	// Keys sign configuration, as the join token says; KeySerial is their rotation. Later
	// rotations are kept in Dir and win over an older token.
	Keys      []ed25519.PublicKey
	KeySerial uint64
	// Apply makes the node use a configuration. An error keeps the position where it
	// was; the same step, or a newer one, is tried again. It must not keep Changes.
	Apply func(Update) error
	// Spread is the time over which nodes that hear of a new snapshot together fetch it
	// to shorten their stored logs; default 20 s.
	Spread time.Duration
	Log    *slog.Logger
}

// Follower is made by New, then Boot, then Run.
type Follower struct {
	o    Options
	log  *slog.Logger
	js   jetstream.JetStream
	keys *codec.Keys
	poke chan struct{} // an announcement came

	level chan struct{} // closed when the node first knew all that the log held

	// Owned by Boot, then Run.
	disk      *disk
	compactAt time.Time // zero: not planned
	inVain    time.Time // when an unknown key last made us look for a rotation that was not there
	resignAt  time.Time // when to store what the newest key has signed; zero: it is stored
	progress  time.Time // last time that the position moved or a session looked

	mu      sync.Mutex // guards the fields below
	pos     traffic.Position
	have    bool // there is a configuration
	head    stream.Head
	headAt  time.Time // of this machine's clock; zero: none heard
	behind  time.Time // since when head is ahead of pos; zero: it is not
	since   time.Time // start of Run
	at      time.Time // when pos was reached
	alarms  alarms
	refused [alarmKinds]uint64
}

// New reads the trusted keys; it opens nothing else yet.
func New(o Options) (*Follower, error) {
	if o.Dir == "" || o.Conn == nil || o.Apply == nil {
		return nil, errors.New("make follower: folder, connection and apply function are required")
	}
	f := &Follower{o: o, log: o.Log, poke: make(chan struct{}, 1), level: make(chan struct{})}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	if f.o.Spread == 0 {
		f.o.Spread = 20 * time.Second
	}
	var err error
	if f.disk, err = openDisk(o.Dir); err != nil {
		return nil, fmt.Errorf("make follower: %w", err)
	}
	f.keys = codec.NewKeysAt(o.KeySerial, o.Keys...)
	if stored, err := f.disk.loadKeys(); err != nil {
		f.raise(alarmDisk, "the stored signing keys cannot be read, using those of the join token: "+err.Error())
	} else if stored != nil && (len(o.Keys) == 0 || stored.Serial() > o.KeySerial && stored.SameOrigin(f.keys)) {
		f.keys = stored
	} else if stored != nil {
		// Another token, or a store restored from before the last rotations: whoever started
		// this process means these keys. What lies here was signed by the others.
		if err := f.disk.saveOldKeys(stored.List()); err != nil {
			f.raise(alarmDisk, err.Error())
		}
	}
	if len(f.keys.List()) == 0 {
		return nil, errors.New("make follower: no signing key given, and none stored by an earlier start")
	}
	if f.js, err = stream.New(o.Conn); err != nil {
		return nil, fmt.Errorf("make follower: %w", err)
	}
	return f, nil
}

// Boot brings back what the disk holds and applies it in one full step. ok is false
// when there is none that can be trusted; then the node has to wait for Run. The error
// is Apply's.
func (f *Follower) Boot() (ok bool, err error) {
	// What was trusted when it was stored is so here, and nowhere else.
	stored := f.keys
	if old, err := f.disk.loadOldKeys(); err != nil {
		f.raise(alarmDisk, err.Error())
	} else if old != nil {
		stored = codec.NewKeys(append(f.keys.List(), old.List()...)...)
		f.resignAt = time.Now()
	}
	snap, revs, problems := f.disk.load(stored)
	for _, p := range problems {
		f.raise(alarmDisk, p)
	}
	if err := f.disk.saveKeys(f.keys); err != nil {
		f.raise(alarmDisk, err.Error())
	}
	if snap == nil {
		return false, nil
	}
	content, err := snap.Content()
	if err != nil {
		return false, fmt.Errorf("read stored snapshot: %w", err) // checked by load
	}
	changes, err := traffic.DecodeChanges(content)
	if err != nil {
		f.raise(alarmFormat, "the stored snapshot cannot be used: "+err.Error())
		return false, nil
	}
	pos := snap.Position
	if len(revs) > 0 {
		// Folded, so that the node compiles once and not for every revision.
		m := traffic.NewModel()
		m.Apply(changes)
		for _, r := range revs {
			content, err := r.Content()
			if err != nil {
				return false, fmt.Errorf("read stored revision: %w", err) // checked by load
			}
			next, err := traffic.DecodeChanges(content)
			if err != nil {
				f.raise(alarmFormat, "a stored revision cannot be used: "+err.Error())
				break
			}
			m.Apply(next)
			pos = r.Position
		}
		changes = m.All()
	}
	if err := f.o.Apply(Update{Position: pos, Full: true, Changes: changes}); err != nil {
		f.raise(alarmApply, fmt.Sprintf("the stored configuration %s is not in use: %v", pos, err))
		return false, fmt.Errorf("apply stored configuration %s: %w", pos, err)
	}
	f.reached(pos)
	f.log.Info("configuration from disk", "position", pos.String(), "revisions_after_snapshot", len(revs))
	return true, nil
}

// Position is that of the configuration in use; ok is false before there is one.
func (f *Follower) Position() (pos traffic.Position, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pos, f.have
}

// Stats tells how the node follows, for those who measure it.
type Stats struct {
	Position traffic.Position
	Since    time.Time        // when it was put in force here; zero before there is one
	Head     traffic.Position // as control announced it last
	Heard    time.Duration    // how long ago that was; 0 if never
	Behind   time.Duration    // how long head has been ahead; 0 if it is not
	// Refused counts what was not taken over, by what was wrong with it.
	Refused map[string]uint64
}

// Stats returns the present numbers.
func (f *Follower) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := Stats{Position: f.pos, Since: f.at, Head: f.head.Position, Refused: map[string]uint64{}}
	if !f.headAt.IsZero() {
		s.Heard = time.Since(f.headAt)
	}
	if !f.behind.IsZero() {
		s.Behind = time.Since(f.behind)
	}
	for k, name := range refusals {
		s.Refused[name] = f.refused[k]
	}
	return s
}

// Level is closed once the node has, for a moment since it started, known everything
// that the log held. A node with an empty disk is best not asked before: the snapshot
// that it begins with may be much older than the log, even empty.
func (f *Follower) Level() <-chan struct{} { return f.level }

// leveled notes that nothing is left to read. Only Run's goroutine calls it.
func (f *Follower) leveled() {
	select {
	case <-f.level:
	default:
		close(f.level)
	}
}

// Keys are the trusted signing keys.
func (f *Follower) Keys() []ed25519.PublicKey { return f.keys.List() }

func (f *Follower) reached(pos traffic.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pos, f.have, f.at = pos, true, time.Now()
	f.progress = time.Now()
	f.noteBehindLocked()
}

func (f *Follower) noteBehindLocked() {
	switch ahead := !f.headAt.IsZero() && (!f.have || f.pos.Before(f.head.Position)); {
	case !ahead:
		f.behind = time.Time{}
	case f.behind.IsZero():
		f.behind = time.Now()
	}
}

// Run follows control until ctx ends and then returns nil.
func (f *Follower) Run(ctx context.Context) error {
	defer f.disk.close()
	f.mu.Lock()
	f.since = time.Now()
	f.mu.Unlock()
	sub, err := f.o.Conn.Subscribe(stream.HeadSubject, f.announced)
	if err != nil {
		return fmt.Errorf("listen for announcements: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // fails only on a closed connection
	wait := time.Duration(0)
	for ctx.Err() == nil {
		before, _ := f.Position()
		err := f.session(ctx)
		if after, _ := f.Position(); after != before || errors.Is(err, stream.ErrDisconnected) {
			wait = 0
		}
		if ctx.Err() != nil {
			break
		}
		f.note(err)
		wait = min(maxBackoff, max(minBackoff, 2*wait))
		f.pause(ctx, wait/2+rand.N(wait/2+1), errors.Is(err, stream.ErrNone))
	}
	return nil
}

// Intervals.
const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 5 * time.Second
	// tick bounds how late a session notices that it is behind.
	tick = 100 * time.Millisecond
	// behindFor is how long an announced position may be missing before the session
	// looks again by itself. Messages and announcement come over one connection within
	// milliseconds of each other.
	behindFor = time.Second
)

// pause waits between sessions. While there is nothing to read, an announcement
// ends it.
func (f *Follower) pause(ctx context.Context, d time.Duration, early bool) {
	poke := f.poke
	if !early {
		poke = nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-poke:
	}
}

// note turns the end of a session into an alarm or a line of log.
func (f *Follower) note(err error) {
	switch {
	case err == nil, errors.Is(err, stream.ErrDisconnected):
	case errors.Is(err, codec.ErrSignature):
		f.raise(alarmSignature, "configuration that no trusted key has signed is refused: "+err.Error())
	case errors.Is(err, codec.ErrVersion):
		f.raise(alarmFormat, "configuration of a newer format is refused; upgrade this node: "+err.Error())
	case errors.Is(err, codec.ErrDamaged):
		f.raise(alarmDamage, "damaged configuration is refused: "+err.Error())
	default:
		f.log.Debug("follow configuration", "error", err)
	}
}

func (f *Follower) announced(m *nats.Msg) {
	var h stream.Head
	if err := json.Unmarshal(m.Data, &h); err != nil || h.Sent.IsZero() {
		f.log.Warn("announcement cannot be read", "error", err)
		return
	}
	now := time.Now()
	f.mu.Lock()
	// Of two publishers the slower one may announce what was; only a newer word counts
	// while the older is fresh.
	if f.headAt.IsZero() || !h.Position.Before(f.head.Position) || now.Sub(f.headAt) > freshFor {
		f.head = h
	}
	f.headAt = now
	f.noteBehindLocked()
	diverged := f.have && h.Position.Epoch == f.pos.Epoch && h.Position.Revision == f.pos.Revision && h.Position.Chain != f.pos.Chain
	f.mu.Unlock()
	f.noteSkew(now, h.Sent)
	if diverged {
		f.raise(alarmChain, fmt.Sprintf("control announces another configuration under number %d.%d than the one in use; it waits for a new epoch", h.Position.Epoch, h.Position.Revision))
	}
	select {
	case f.poke <- struct{}{}:
	default:
	}
}
