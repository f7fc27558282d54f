package traffic

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind names a kind of object, as it stands in API paths' singular and in revisions.
type Kind string

// The kinds, in the order in which references point: an object only refers to
// kinds that stand before its own.
const (
	KindSettings     Kind = "settings"
	KindLine         Kind = "line"
	KindTemplate     Kind = "template"
	KindAddress      Kind = "address"
	KindPool         Kind = "pool"
	KindZone         Kind = "zone"
	KindRecord       Kind = "record"
	KindAccessDomain Kind = "access_domain"
	KindAssertion    Kind = "assertion"
	KindOverride     Kind = "override" // declared nowhere; see Override
)

// Kinds lists every kind in reference order.
var Kinds = []Kind{KindSettings, KindLine, KindTemplate, KindAddress, KindPool, KindZone, KindRecord, KindAccessDomain, KindAssertion, KindOverride}

// Key identifies an object for ever: names are identities and never change.
type Key struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

func (k Key) String() string { return string(k.Kind) + " " + k.Name }

// Object is what every kind can do. Implementations are pointers to plain structs
// and are immutable once they are part of a Model.
type Object interface {
	// Key is the object's identity. It is canonical after Normalize.
	Key() Key
	// Normalize brings names to their canonical spelling and fills what defaults from
	// position (serials). It is idempotent, and never fails: what it cannot read it
	// leaves for Check.
	Normalize()
	// Check reports what is wrong with the object alone, whatever else exists.
	Check(*Report)
	// Refs calls f with every object that this one names, and the field that does.
	Refs(f func(to Key, field string))
}

// Meta is what every object carries besides its own subject.
type Meta struct {
	Enabled bool              `json:"enabled" doc:"A disabled object takes no part in answers." default:"true"`
	Labels  map[string]string `json:"labels,omitempty" doc:"Free key=value pairs for selectors and grants."`
	Remark  string            `json:"remark,omitempty" doc:"Free text for people." maxLength:"1024"`
}

// Limits of what every object carries: room for people and selectors, without a way
// to keep documents in a configuration that every node holds in memory.
const (
	maxRemark     = 1024 // characters
	maxLabels     = 64
	maxLabelKey   = 63
	maxLabelValue = 253
)

// normalize gives "no labels" one form, so that equal objects encode equally.
func (m *Meta) normalize() {
	if len(m.Labels) == 0 {
		m.Labels = nil
	}
}

func (m *Meta) check(r *Report) {
	if n := utf8.RuneCountInString(m.Remark); n > maxRemark {
		r.Errorf("remark", "too_long", "has %d characters; shorten it to %d", n, maxRemark)
	}
	if len(m.Labels) > maxLabels {
		r.Errorf("labels", "too_many", "has %d labels; an object has at most %d", len(m.Labels), maxLabels)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(m.Labels)) {
		v := m.Labels[k]
		switch {
		case k == "" || len(k) > maxLabelKey || len(v) > maxLabelValue:
			r.Errorf("labels", "invalid_label", "%q=%q: a key has 1 to %d bytes, a value at most %d", k, v, maxLabelKey, maxLabelValue)
		case !selectable(k) || strings.Contains(k, "=") || !selectable(v):
			// What a selector cannot spell could never be selected.
			r.Errorf("labels", "invalid_label", "%q=%q: use no comma, no space at either end and no control character, in the key no \"=\"", k, v)
		}
	}
}

// selectable tells whether a label's part can stand in a Selector.
func selectable(s string) bool {
	for _, r := range s {
		if r == ',' || r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
	}
	return strings.TrimSpace(s) == s
}

// New returns an empty object of a kind with every default set, nil for an unknown kind.
func New(k Kind) Object {
	switch k {
	case KindSettings:
		return DefaultSettings()
	case KindLine:
		return &Line{Meta: Meta{Enabled: true}}
	case KindTemplate:
		return defaultTemplate()
	case KindAddress:
		return defaultAddress()
	case KindPool:
		return defaultPool()
	case KindZone:
		return &Zone{Meta: Meta{Enabled: true}}
	case KindRecord:
		return defaultRecord()
	case KindAccessDomain:
		return defaultAccessDomain()
	case KindAssertion:
		return defaultAssertion()
	case KindOverride:
		return &Override{}
	}
	return nil
}

// Decode reads the stored form of an object: its JSON, absent fields at their
// defaults, fields this release does not know ignored (a newer release wrote them).
func Decode(k Kind, body []byte) (Object, error) {
	o := New(k)
	if o == nil {
		return nil, fmt.Errorf("decode object: kind %q is unknown", k)
	}
	if err := json.Unmarshal(body, o); err != nil {
		return nil, fmt.Errorf("decode %s: %w", k, err)
	}
	o.Normalize()
	return o, nil
}

// Encode writes the stored form. Equal objects give equal bytes: struct order is
// fixed and encoding/json sorts map keys.
func Encode(o Object) []byte {
	b, err := json.Marshal(o)
	if err != nil {
		// Objects are plain data; only a programming error gets here.
		panic(fmt.Sprintf("encode %s: %v", o.Key(), err))
	}
	return b
}

// Duration is a length of time written like 5s or 1m30s in every outer form.
type Duration time.Duration

// MarshalText writes the form that UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d Duration) String() string { return time.Duration(d).String() }

// UnmarshalText reads Go's duration form and refuses bare numbers, whose unit
// nobody could guess.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration; write for example 5s, 500ms or 1m30s", b)
	}
	*d = Duration(v)
	return nil
}
