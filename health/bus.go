package health

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Bus carries messages between the parts. It may lose, repeat or delay any of them:
// everything here heals itself from numbers and whole-state requests. Callbacks of
// one subscription are called one after another; the functions returned stop them.
type Bus interface {
	// Publish sends without waiting for anyone to receive.
	Publish(subject string, data []byte) error
	// Subscribe calls f for each message; "*" in subject stands for any one token.
	Subscribe(subject string, f func(subject string, data []byte)) (cancel func(), err error)
	// Request returns the first answer; an error at once when nobody can answer.
	Request(ctx context.Context, subject string, data []byte) ([]byte, error)
	// Reply answers requests.
	Reply(subject string, f func(data []byte) []byte) (cancel func(), err error)
}

// Subjects. The last token is a vantage id.
const (
	ObsPrefix   = "health.obs."   // batches of observations
	BeatPrefix  = "health.beat."  // heartbeats
	StatePrefix = "health.state." // requests for the whole state
	StatsPrefix = "stats.probe."  // measurements of a minute
)

// Times of the protocol between vantages and receivers.
const (
	// BeatEvery is the heartbeat's period.
	BeatEvery = time.Second
	// Lapse is how long a vantage may be silent before it counts as lost, by the
	// receiver's monotonic clock: four beats may be lost or a bus server restart. Longer
	// would let the last word of a dead vantage block the others' majority; shorter would
	// mark verdicts stale for every hiccup.
	Lapse = 5 * time.Second
)

// maxID is the longest vantage id: it is a subject token, a label and a file-safe word.
const maxID = 63

// CheckVantage tells what is wrong with a vantage id. Ids are tokens of bus subjects,
// so dots, wildcards and spaces would let one vantage speak as another.
func CheckVantage(id string) error {
	if id == "" || len(id) > maxID {
		return fmt.Errorf("vantage id %q has %d characters; use 1 to %d", id, len(id), maxID)
	}
	for i := 0; i < len(id); i++ {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return fmt.Errorf("vantage id %q has the character %q; use letters, digits, - and _", id, c)
		}
	}
	return nil
}

// VantageOf returns the vantage id of a subject below prefix. A message counts for
// the vantage of its subject only, because subjects are what permissions cover.
func VantageOf(subject, prefix string) (string, error) {
	// The bus may add its own prefix in front of ours.
	i := strings.LastIndex(subject, prefix)
	if i < 0 {
		return "", fmt.Errorf("subject %q is not below %q", subject, prefix)
	}
	id := subject[i+len(prefix):]
	return id, CheckVantage(id)
}
