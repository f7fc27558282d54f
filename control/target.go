package control

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
)

// TargetError is a target that names nothing, or several things.
type TargetError struct {
	Text    string
	Choices []string // as targets are written; none when nothing fits
}

func (e *TargetError) Error() string {
	if len(e.Choices) == 0 {
		return fmt.Sprintf("%q names no address, pool or access domain", e.Text)
	}
	return fmt.Sprintf("%q stands for several things: %s", e.Text, strings.Join(e.Choices, ", "))
}

// Unwrap returns the sentinel.
func (e *TargetError) Unwrap() error {
	if len(e.Choices) == 0 {
		return ErrNotFound
	}
	return ErrAmbiguous
}

// Target finds what an operator means: address/NAME, pool/NAME,
// access-domain/NAME/TYPE, NAME/TYPE of an access domain, an id, or a plain name where
// it fits one thing only. The error is *TargetError.
func (s *Service) Target(text string) (traffic.Key, error) {
	if k, err := traffic.ParseTarget(text); err == nil {
		if _, err := s.Get(k); err == nil {
			return k, nil
		}
	}
	var found []traffic.Key
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, kind := range []traffic.Kind{traffic.KindAddress, traffic.KindPool} {
		for _, k := range []traffic.Key{{Kind: kind, Name: text}, s.ids[text]} {
			if k.Kind == kind && s.model.Get(k) != nil && !slices.Contains(found, k) {
				found = append(found, k)
			}
		}
	}
	name, typ := text, ""
	if i := strings.LastIndexByte(text, '/'); i >= 0 && slices.Contains([]string{"A", "AAAA", "CNAME"}, strings.ToUpper(text[i+1:])) {
		name, typ = text[:i], strings.ToUpper(text[i+1:])
	}
	name = strings.TrimPrefix(name, "access-domain/")
	if c, err := traffic.CanonicalName(name); err == nil {
		for _, d := range s.model.At(c) {
			if typ == "" || typ == d.Type {
				found = append(found, d.Key())
			}
		}
	}
	if k := s.ids[text]; k.Kind == traffic.KindAccessDomain {
		found = append(found, k)
	}
	if len(found) == 1 {
		return found[0], nil
	}
	e := &TargetError{Text: text}
	for _, k := range found {
		e.Choices = append(e.Choices, traffic.TargetOf(k))
	}
	return traffic.Key{}, e
}
