package send

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// amAlert is an alert as the API v2 of Alertmanager takes it.
type amAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// alertmanager hands each alert to an Alertmanager, which groups and tells by rules of its
// own. Labels make an alert's identity there, so they are the same at its end. Without an
// end of its own it would lapse after five minutes: it gets one beyond the next repeat.
func (s *Sender) alertmanager(ctx context.Context, c *Channel, m *Message) (string, error) {
	list := []amAlert{}
	for i := range m.Entries {
		e := &m.Entries[i]
		a := amAlert{Labels: map[string]string{}, Annotations: map[string]string{"summary": e.Title, "description": e.Text}, StartsAt: e.Since, EndsAt: e.At.Add(m.Lapse), GeneratorURL: m.Link}
		maps.Copy(a.Labels, c.Labels)
		maps.Copy(a.Labels, map[string]string{"alertname": e.Of, "severity": e.Severity, "kind": e.Kind, "object": e.Object, "source": "meridian"})
		if e.Resumes() {
			a.EndsAt = e.At
		}
		if m.Test { // gone by itself
			a.EndsAt = e.At.Add(time.Minute)
		}
		list = append(list, a)
	}
	head := http.Header{}
	switch {
	case c.Username != "":
		head.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.Username+":"+c.Secret)))
	case c.Secret != "":
		head.Set("Authorization", "Bearer "+c.Secret)
	}
	target := strings.TrimSuffix(strings.TrimSuffix(c.URL, "/"), "/api/v2/alerts") + "/api/v2/alerts"
	status, answer, after, err := s.post(ctx, c, target, list, head)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", refused(status, answer, after)
	}
	return fmt.Sprintf("status %d: %s", status, answer), nil
}
