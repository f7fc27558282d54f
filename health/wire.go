package health

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// Version is the version of the messages' form. A receiver drops what it does not
// know: it then holds its verdicts, which is safer than guessing.
const Version = 1

// Limits of what a receiver takes. A batch of PageSize observations with the longest
// reasons stays below the bus's 1 MiB.
const (
	PageSize   = 1000
	MaxReason  = 300 // bytes
	maxMessage = 1 << 20
	maxLabels  = 64
)

// Observation is what one vantage last found of one task.
type Observation struct {
	Key     traffic.TaskKey
	Def     uint64 // of the task as it was probed
	Finding verdict.Finding
	Age     time.Duration // since Finding began, at the time of sending
	Latency time.Duration // of the last probe; 0 when it got no answer
	Code    string        // stable word for the last probe's result, "" when it was good
	Reason  string        // sentence for people about the last probe, "" when it was good
}

// Head begins every message of a vantage.
type Head struct {
	Version  int    `json:"v"`
	Vantage  string `json:"vantage"`
	Instance string `json:"instance"` // of the process; changes with every start
	// Seq is the number of the last batch that this instance has published; a batch
	// carries its own. The first is 1.
	Seq uint64 `json:"seq"`
}

// Batch carries what changed. Applying one twice does nothing more.
type Batch struct {
	Head
	Observations []Observation `json:"obs"`
}

// Beat is the heartbeat, once a second.
type Beat struct {
	Head
	Labels   map[string]string `json:"labels,omitempty"`
	Isolated string            `json:"isolated,omitempty"` // why its findings do not count now; "" when they do
	Active   time.Duration     `json:"active_ns"`          // how long this instance has been the active one
	Tasks    int               `json:"tasks"`
	Leaving  bool              `json:"leaving,omitempty"` // the last one: it ends on purpose
}

// StateRequest asks for the page of the whole state that begins after a key.
type StateRequest struct {
	Version  int              `json:"v"`
	Instance string           `json:"instance,omitempty"` // of the pages before; "" at the first
	After    *traffic.TaskKey `json:"after,omitempty"`
}

// StatePage is the answer. Tasks that the vantage has no finding of are left out.
// Observations newer than Seq may be in it; they come again in batches.
type StatePage struct {
	Beat
	Observations []Observation    `json:"obs"`
	More         *traffic.TaskKey `json:"more,omitempty"` // ask again after this key; nil at the end
}

type wireObs struct {
	Address  string          `json:"a"`
	Template string          `json:"t"`
	Port     int             `json:"p,omitempty"`
	Def      string          `json:"d"`
	Finding  verdict.Finding `json:"f"`
	AgeMS    int64           `json:"s"`
	Latency  int64           `json:"l,omitempty"` // µs
	Code     string          `json:"c,omitempty"`
	Reason   string          `json:"r,omitempty"`
}

// MarshalJSON writes the short form: thousands of these travel.
func (o Observation) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireObs{o.Key.Address, o.Key.Template, o.Key.Port, strconv.FormatUint(o.Def, 16), o.Finding,
		o.Age.Milliseconds(), o.Latency.Microseconds(), o.Code, clip(o.Reason, MaxReason)})
}

// UnmarshalJSON reads the short form and refuses what no vantage would send.
func (o *Observation) UnmarshalJSON(b []byte) error {
	var w wireObs
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	def, err := strconv.ParseUint(w.Def, 16, 64)
	const maxMS = int64(1<<63-1) / int64(time.Millisecond)
	switch {
	case err != nil:
		return fmt.Errorf("observation of %q: bad definition %q", w.Address, w.Def)
	case w.Address == "" || w.Template == "" || w.Port < 0 || w.Port > 65535:
		return fmt.Errorf("observation of %q %q %d: bad key", w.Address, w.Template, w.Port)
	case w.AgeMS < 0 || w.AgeMS > maxMS || w.Latency < 0 || w.Latency > maxMS:
		return fmt.Errorf("observation of %q: bad times", w.Address)
	case len(w.Reason) > MaxReason || len(w.Code) > 32:
		return fmt.Errorf("observation of %q: text too long", w.Address)
	}
	*o = Observation{traffic.TaskKey{Address: w.Address, Template: w.Template, Port: w.Port}, def, w.Finding,
		time.Duration(w.AgeMS) * time.Millisecond, time.Duration(w.Latency) * time.Microsecond, w.Code, w.Reason}
	return nil
}

// clip cuts text to at most n bytes at a rune's border.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Encode writes a message. Messages are plain data, so it cannot fail.
func Encode(m any) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", m, err))
	}
	return b
}

type message interface{ head() *Head }

func (b *Batch) head() *Head     { return &b.Head }
func (b *Beat) head() *Head      { return &b.Head }
func (p *StatePage) head() *Head { return &p.Head }

func decode(kind string, vantage string, data []byte, m message) error {
	if len(data) > maxMessage {
		return fmt.Errorf("decode %s of vantage %q: has %d bytes, at most %d are taken", kind, vantage, len(data), maxMessage)
	}
	// The version first: a later form need not parse as this one.
	var v struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("decode %s of vantage %q: %w", kind, vantage, err)
	}
	if v.Version != Version {
		return fmt.Errorf("decode %s of vantage %q: has version %d, this release reads %d", kind, vantage, v.Version, Version)
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(m); err != nil {
		return fmt.Errorf("decode %s of vantage %q: %w", kind, vantage, err)
	}
	h := m.head()
	if h.Vantage != vantage {
		return fmt.Errorf("decode %s of vantage %q: it says to be of %q", kind, vantage, h.Vantage)
	}
	if h.Instance == "" || len(h.Instance) > 64 {
		return fmt.Errorf("decode %s of vantage %q: bad instance %q", kind, vantage, clip(h.Instance, 64))
	}
	return nil
}

// DecodeBatch reads a batch that came on the vantage's subject.
func DecodeBatch(vantage string, data []byte) (*Batch, error) {
	b := &Batch{}
	if err := decode("batch", vantage, data, b); err != nil {
		return nil, err
	}
	if b.Seq == 0 {
		return nil, fmt.Errorf("decode batch of vantage %q: has no number", vantage)
	}
	return b, nil
}

// DecodeBeat reads a heartbeat that came on the vantage's subject.
func DecodeBeat(vantage string, data []byte) (*Beat, error) {
	b := &Beat{}
	if err := decode("beat", vantage, data, b); err != nil {
		return nil, err
	}
	return b, b.check()
}

// DecodePage reads an answer that came from the vantage's subject.
func DecodePage(vantage string, data []byte) (*StatePage, error) {
	p := &StatePage{}
	if err := decode("state", vantage, data, p); err != nil {
		return nil, err
	}
	return p, p.check()
}

func (b *Beat) check() error {
	if len(b.Labels) > maxLabels || b.Active < 0 || b.Tasks < 0 || len(b.Isolated) > MaxReason {
		return fmt.Errorf("decode beat of vantage %q: values out of range", b.Vantage)
	}
	for k, v := range b.Labels {
		if k == "" || len(k) > 63 || len(v) > 253 {
			return fmt.Errorf("decode beat of vantage %q: bad label %q", b.Vantage, clip(k, 63))
		}
	}
	return nil
}

// DecodeRequest reads a request for the whole state.
func DecodeRequest(data []byte) (*StateRequest, error) {
	q := &StateRequest{}
	if len(data) > 4096 {
		return nil, fmt.Errorf("decode state request: has %d bytes, at most 4096 are taken", len(data))
	}
	if err := json.Unmarshal(data, q); err != nil {
		return nil, fmt.Errorf("decode state request: %w", err)
	}
	if q.Version != Version {
		return nil, fmt.Errorf("decode state request: has version %d, this release reads %d", q.Version, Version)
	}
	return q, nil
}

// Outranks decides between two active processes with one vantage id: the one that has
// been active longer stays. Both count by their own clocks, and messages take time,
// so ages within a second of each other say nothing and the instance decides.
func Outranks(active time.Duration, instance string, otherActive time.Duration, other string) bool {
	if d := active - otherActive; d > time.Second || d < -time.Second {
		return d > 0
	}
	return instance < other
}
