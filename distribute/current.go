package distribute

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
)

// Subjects of the exchange of current members (design 5.1.3).
const (
	currentReport = "current.report" // nodes say what they moved
	currentSet    = "current.set"    // control says what holds
	currentGet    = "current.get"    // nodes ask control for all
)

const (
	currentsVersion = 1
	// currentsPage entries of the longest names stay below the 1 MiB of a message.
	currentsPage = 1000
	// maxEpoch is far above what moves can reach. It keeps a confused node from taking
	// the number to where it cannot rise any more.
	maxEpoch = 1 << 53
)

// currentsMessage is what travels on report and set, and what answers get.
type currentsMessage struct {
	V    int               `json:"v"`
	List []traffic.Current `json:"list,omitempty"`
	Same bool              `json:"same,omitempty"` // get: you have all that I have
	More bool              `json:"more,omitempty"` // get: ask again after the last one
	// Hello on set: control is there now, compare with it. What nodes reported while it
	// was away went nowhere.
	Hello bool `json:"hello,omitempty"`
}

type currentsRequest struct {
	V      int          `json:"v"`
	Digest string       `json:"digest,omitempty"` // of all that the asker has
	After  *traffic.Key `json:"after,omitempty"`
}

func decodeCurrents(data []byte) (currentsMessage, error) {
	var m currentsMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("read current members: %w", err)
	}
	if m.V != currentsVersion {
		return m, fmt.Errorf("read current members: version %d is unknown to this release", m.V)
	}
	for _, c := range m.List {
		if err := checkCurrent(c); err != nil {
			return m, fmt.Errorf("read current members: %w", err)
		}
	}
	return m, nil
}

func checkCurrent(c traffic.Current) error {
	if c.Scope.Kind != traffic.KindPool && c.Scope.Kind != traffic.KindAccessDomain {
		return fmt.Errorf("a %q has no current member", c.Scope.Kind)
	}
	if c.Scope.Name == "" || len(c.Scope.Name) > 300 || len(c.Member) > 300 {
		return errors.New("names have 1 to 300 characters")
	}
	if c.Epoch == 0 || c.Epoch > maxEpoch {
		return fmt.Errorf("epoch %d is not one that moves can reach", c.Epoch)
	}
	return nil
}

// currents is a set of current members; whoever owns it locks.
type currents struct {
	m      map[traffic.Key]traffic.Current
	sorted []traffic.Current // nil when out of date
	sum    string
}

func newCurrents() currents { return currents{m: map[traffic.Key]traffic.Current{}} }

// merge takes what is newer, and says what was taken and what is older than ours.
func (s *currents) merge(list []traffic.Current) (taken, older []traffic.Current) {
	for _, c := range list {
		old, known := s.m[c.Scope]
		switch {
		case !known || c.Newer(old):
			s.set(c)
			taken = append(taken, c)
		case old.Newer(c):
			older = append(older, old)
		}
	}
	return taken, older
}

func (s *currents) set(c traffic.Current) { s.m[c.Scope], s.sorted = c, nil }

// list returns all in order; the caller must not change it.
func (s *currents) list() []traffic.Current {
	if s.sorted == nil {
		s.sorted = make([]traffic.Current, 0, len(s.m))
		for _, c := range s.m {
			s.sorted = append(s.sorted, c)
		}
		slices.SortFunc(s.sorted, func(a, b traffic.Current) int { return compareScopes(a.Scope, b.Scope) })
		h := sha256.New()
		_ = json.NewEncoder(h).Encode(s.sorted) // a hash takes everything
		s.sum = hex.EncodeToString(h.Sum(nil))
	}
	return s.sorted
}

func (s *currents) digest() string {
	s.list()
	return s.sum
}

// page answers one request.
func (s *currents) page(r currentsRequest) currentsMessage {
	m := currentsMessage{V: currentsVersion}
	if r.Digest != "" && r.Digest == s.digest() {
		m.Same = true
		return m
	}
	list := s.list()
	if r.After != nil {
		at, found := slices.BinarySearchFunc(list, *r.After, func(c traffic.Current, k traffic.Key) int { return compareScopes(c.Scope, k) })
		if found {
			at++
		}
		list = list[at:]
	}
	m.List = list[:min(len(list), currentsPage)]
	m.More = len(list) > currentsPage
	return m
}

func compareScopes(a, b traffic.Key) int {
	if c := strings.Compare(string(a.Kind), string(b.Kind)); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

func encodeCurrents(m currentsMessage) []byte {
	m.V = currentsVersion
	b, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("encode current members: %v", err)) // plain data always encodes
	}
	return b
}

// sendCurrents publishes a list in as many messages as it takes, and returns what
// could not be sent.
func sendCurrents(w Wire, subject string, list []traffic.Current) (left []traffic.Current, err error) {
	for len(list) > 0 {
		page := list[:min(len(list), currentsPage)]
		if err := w.Publish(subject, encodeCurrents(currentsMessage{List: page})); err != nil {
			return list, err
		}
		list = list[len(page):]
	}
	return nil, nil
}

func decodeRequest(data []byte) (currentsRequest, error) {
	var r currentsRequest
	if len(bytes.TrimSpace(data)) == 0 {
		return r, nil
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("read request for current members: %w", err)
	}
	return r, nil
}
