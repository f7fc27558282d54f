package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/meridian-gtm/meridian/traffic"
)

// Prefix begins every subject of ours.
const Prefix = "meridian."

// Names of the streams.
const (
	LogName  = "MERIDIAN_LOG"
	SnapName = "MERIDIAN_SNAP"
	BlobName = "MERIDIAN_BLOB"
)

// Subjects.
const (
	LogAll   = Prefix + "log.>"
	SnapAll  = Prefix + "snap.>"
	SnapHead = Prefix + "snap.head"
	BlobAll  = Prefix + "blob.>"

	// HeadSubject carries Head as JSON, after every publication and every few seconds.
	HeadSubject = Prefix + "config.head"

	partAll = Prefix + "snap.part.>"
)

// LogSubject is where a part of a revision lies.
func LogSubject(epoch, revision uint64, part int) string {
	return fmt.Sprintf("%slog.%d.%d.%d", Prefix, epoch, revision, part)
}

// PartSubject is where a part of a snapshot lies.
func PartSubject(set string, part int) string {
	return fmt.Sprintf("%ssnap.part.%s.%d", Prefix, set, part)
}

// KeySubject is where a key rotation lies.
func KeySubject(serial uint64) string { return fmt.Sprintf("%ssnap.keys.%d", Prefix, serial) }

// InboxPrefix is where a node receives answers.
func InboxPrefix(id string) string { return "_INBOX." + id }

// AnswerPrefix is where a node receives answers to what it asks on a subject; one
// token more makes it unique. The question stands in it, so that whoever is asked can
// be allowed to answer just that.
func AnswerPrefix(id, subject string) string { return InboxPrefix(id) + ".ask." + subject }

// Head is what control announces.
type Head struct {
	Position traffic.Position `json:"position"`
	Snapshot traffic.Position `json:"snapshot"` // the latest one in the stream
	// Keys is the last rotation of the signing keys, so that quiet nodes take it too.
	Keys uint64 `json:"keys,omitempty"`
	// Sent is control's wall clock: nodes compare it with their own for the skew alarm
	// and for nothing else (design 5.6).
	Sent time.Time `json:"sent"`
}

// Limits bound what the streams keep. Zero values take the defaults.
type Limits struct {
	// LogMessages and LogBytes bound the log; the oldest revisions go first. A node
	// that is further behind reads the snapshot.
	LogMessages int64 // default 20,000
	LogBytes    int64 // default 256 MiB
	SnapBytes   int64 // default 1 GiB: two snapshots and one being written
	BlobBytes   int64 // default 1 GiB
	// Replicas is 1 on the embedded server; 3 on a cluster of servers.
	Replicas int // default 1
}

// WithDefaults fills what is zero.
func (l Limits) WithDefaults() Limits {
	def := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&l.LogMessages, 20_000)
	def(&l.LogBytes, 256<<20)
	def(&l.SnapBytes, 1<<30)
	def(&l.BlobBytes, 1<<30)
	if l.Replicas == 0 {
		l.Replicas = 1
	}
	return l
}

// Ensure makes the streams what they should be. It is idempotent, and brings back
// streams that a server has lost.
func Ensure(ctx context.Context, js jetstream.JetStream, limits Limits) error {
	l := limits.WithDefaults()
	for _, cfg := range []jetstream.StreamConfig{
		{Name: LogName, Subjects: []string{LogAll}, Description: "Meridian: revisions in chain order", MaxMsgs: l.LogMessages, MaxBytes: l.LogBytes},
		{Name: SnapName, Subjects: []string{SnapAll}, Description: "Meridian: snapshots and key rotations", MaxMsgsPerSubject: 1, MaxBytes: l.SnapBytes},
		{Name: BlobName, Subjects: []string{BlobAll}, Description: "Meridian: location maps by SHA-256", MaxMsgsPerSubject: 1, MaxBytes: l.BlobBytes},
	} {
		cfg.Discard = jetstream.DiscardOld
		cfg.Storage = jetstream.FileStorage
		cfg.Replicas = l.Replicas
		cfg.AllowDirect = true
		// Sequence checks make publishing idempotent, and a duplicate window would swallow
		// a revision that is published again after a purge. The server insists on one, so
		// none of our messages carries an id.
		if _, err := js.CreateOrUpdateStream(ctx, cfg); err != nil {
			return fmt.Errorf("make stream %s: %w", cfg.Name, err)
		}
	}
	return nil
}

// ErrNone says that the stream or the message is not there: nothing has been
// published yet, or the server has lost it and control will bring it back.
var ErrNone = errors.New("not in the stream")

// Last reads the newest message of one exact subject.
func Last(ctx context.Context, js jetstream.JetStream, name, subject string) (*jetstream.RawStreamMsg, error) {
	s, err := js.Stream(ctx, name)
	if err != nil {
		return nil, none(fmt.Errorf("look up stream %s: %w", name, err))
	}
	return LastOf(ctx, s, subject)
}

// LastOf is Last on a stream handle.
func LastOf(ctx context.Context, s jetstream.Stream, subject string) (*jetstream.RawStreamMsg, error) {
	m, err := s.GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return nil, none(fmt.Errorf("read %s: %w", subject, err))
	}
	return m, nil
}

func none(err error) error {
	if errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("%w: %w", ErrNone, err)
	}
	return err
}
