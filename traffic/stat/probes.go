package stat

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// Version is that of both messages. A receiver drops what it does not know: a gap is
// better than a wrong number.
const Version = 1

// Limits of one message, below the bus's 1 MiB.
const (
	MaxMessage = 768 << 10
	// PageTasks is how many tasks one message of a vantage holds.
	PageTasks = 2000
)

// Head begins both messages.
type Head struct {
	Version  int    `json:"v"`
	From     string `json:"from"` // vantage or node
	Instance string `json:"instance"`
	Seq      uint64 `json:"seq"`    // of the message, from 1, within the instance
	SpanMS   int64  `json:"span"`   // length of the interval
	AgeMS    int64  `json:"age"`    // how long ago it ended, when this was sent
	Period   uint64 `json:"period"` // number of the interval, within the instance
}

// Probes is what a vantage measured in one minute, or a page of it.
type Probes struct {
	Head
	Tasks []Task `json:"tasks"`
}

// Task is one health task's minute. Latencies are those of probes that got an answer.
type Task struct {
	Key    traffic.TaskKey
	Probes uint32
	Failed uint32 // of Probes: those that were bad, whatever the reason
	Lost   uint32 // of Failed: those to which nothing came back
	Min    time.Duration
	Max    time.Duration
	Sum    time.Duration
	Spread Sketch
}

// Observe adds one probe. A latency of 0 is of one that got no answer.
func (t *Task) Observe(ok bool, latency time.Duration) {
	t.Probes++
	if !ok {
		t.Failed++
	}
	latency = latency.Truncate(time.Microsecond)
	if latency <= 0 {
		if !ok {
			t.Lost++
		}
		return
	}
	if t.Min == 0 || latency < t.Min {
		t.Min = latency
	}
	t.Max = max(t.Max, latency)
	t.Sum += latency
	t.Spread.Add(latency)
}

// Add adds another interval of the same task.
func (t *Task) Add(o Task) {
	t.Probes, t.Failed, t.Lost = plus(t.Probes, o.Probes), plus(t.Failed, o.Failed), plus(t.Lost, o.Lost)
	if t.Sum += o.Sum; t.Sum < 0 {
		t.Sum = math.MaxInt64
	}
	if t.Min == 0 || o.Min > 0 && o.Min < t.Min {
		t.Min = o.Min
	}
	t.Max = max(t.Max, o.Max)
	t.Spread.Merge(o.Spread)
}

// plus stops at the end: a node may say what it likes, and a sum that begins anew at
// nothing cannot be read any more.
func plus(a, b uint32) uint32 { return uint32(min(uint64(a)+uint64(b), maxProbes)) }

// maxProbes is what a database's 32-bit column holds.
const maxProbes = math.MaxInt32

// Answered is how many probes have a latency.
func (t *Task) Answered() (n uint64) {
	for _, b := range t.Spread {
		n += uint64(b.Count)
	}
	return n
}

type wireTask struct {
	Address  string `json:"a"`
	Template string `json:"t"`
	Port     int    `json:"p,omitempty"`
	Probes   uint32 `json:"n"`
	Failed   uint32 `json:"f,omitempty"`
	Lost     uint32 `json:"l,omitempty"`
	Min      int64  `json:"min,omitempty"` // µs
	Max      int64  `json:"max,omitempty"`
	Sum      int64  `json:"sum,omitempty"`
	Spread   []byte `json:"s,omitempty"`
}

// MarshalJSON writes the short form: thousands of these travel each minute.
func (t Task) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireTask{t.Key.Address, t.Key.Template, t.Key.Port, t.Probes, t.Failed, t.Lost,
		t.Min.Microseconds(), t.Max.Microseconds(), t.Sum.Microseconds(), t.Spread.AppendTo(nil)})
}

// UnmarshalJSON reads the short form and refuses what no vantage would send.
func (t *Task) UnmarshalJSON(b []byte) error {
	var w wireTask
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	spread, err := ParseSketch(w.Spread)
	if err != nil {
		return fmt.Errorf("minute of %q: %w", w.Address, err)
	}
	got := Task{traffic.TaskKey{Address: w.Address, Template: w.Template, Port: w.Port}, w.Probes, w.Failed, w.Lost, micros(w.Min), micros(w.Max), micros(w.Sum), spread}
	n := got.Answered()
	switch {
	case w.Address == "" || w.Template == "" || !storable(w.Address) || !storable(w.Template) || len(w.Address) > 253 || len(w.Template) > 253 || w.Port < 0 || w.Port > 65535:
		return fmt.Errorf("minute of %q %q %d: bad key", w.Address, w.Template, w.Port)
	case w.Probes > maxProbes || w.Failed > w.Probes || w.Lost > w.Failed || n > uint64(w.Probes):
		return fmt.Errorf("minute of %q: %d probes, %d failed, %d lost, %d latencies do not fit together", w.Address, w.Probes, w.Failed, w.Lost, n)
	case w.Min < 0 || w.Max < w.Min || w.Max > maxMicros || w.Sum < w.Min || w.Sum > maxMicros || (n == 0) != (w.Sum == 0):
		return fmt.Errorf("minute of %q: bad latencies", w.Address)
	}
	*t = got
	return nil
}

// maxMicros keeps sums of many minutes far from overflow.
const maxMicros = int64(1) << 44

func micros(v int64) time.Duration {
	if v < 0 || v > maxMicros {
		return 0
	}
	return time.Duration(v) * time.Microsecond
}

// Encode writes a message; messages are plain data, so it cannot fail.
func Encode(m any) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", m, err))
	}
	return b
}

// DecodeProbes reads a message that came on the vantage's own subject.
func DecodeProbes(vantage string, data []byte) (*Probes, error) {
	p := &Probes{}
	if err := decode("probe minutes", vantage, data, p, &p.Head); err != nil {
		return nil, err
	}
	if len(p.Tasks) > PageTasks {
		return nil, fmt.Errorf("decode probe minutes of %q: %d tasks, at most %d are taken", vantage, len(p.Tasks), PageTasks)
	}
	return p, nil
}

func decode(what, from string, data []byte, m any, h *Head) error {
	if len(data) > MaxMessage {
		return fmt.Errorf("decode %s of %q: has %d bytes, at most %d are taken", what, from, len(data), MaxMessage)
	}
	// The version first: a later form need not parse as this one.
	var v struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("decode %s of %q: %w", what, from, err)
	}
	if v.Version != Version {
		return fmt.Errorf("decode %s of %q: has version %d, this release reads %d", what, from, v.Version, Version)
	}
	if err := json.Unmarshal(data, m); err != nil {
		return fmt.Errorf("decode %s of %q: %w", what, from, err)
	}
	switch day := (24 * time.Hour).Milliseconds(); {
	case h.From != from:
		return fmt.Errorf("decode %s of %q: it says to be of %q", what, from, h.From)
	case h.Instance == "" || len(h.Instance) > 64 || !storable(h.Instance) || h.Seq == 0:
		return fmt.Errorf("decode %s of %q: it has no instance or no number", what, from)
	case h.SpanMS < 0 || h.SpanMS > day || h.AgeMS < 0 || h.AgeMS > day:
		return fmt.Errorf("decode %s of %q: bad times", what, from)
	}
	return nil
}

// storable reports whether a database takes a text: PostgreSQL has no place for a zero
// byte. JSON cannot hold what is not UTF-8.
func storable(s string) bool { return strings.IndexByte(s, 0) < 0 }

// Span is the length of the interval.
func (h *Head) Span() time.Duration { return time.Duration(h.SpanMS) * time.Millisecond }

// Age is how long before it was sent the interval ended.
func (h *Head) Age() time.Duration { return time.Duration(h.AgeMS) * time.Millisecond }
