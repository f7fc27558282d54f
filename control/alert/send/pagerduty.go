package send

import (
	"context"
	"fmt"
)

// pagerDutyURL is where events go unless the channel names another address.
const pagerDutyURL = "https://events.pagerduty.com/v2/enqueue"

// mostSummary is PagerDuty's limit of a summary.
const mostSummary = 1024

// pagerDuty triggers or resolves one incident for each bundle (Events API v2). The bundle
// is the key by which PagerDuty tells that messages are about one thing.
func (s *Sender) pagerDuty(ctx context.Context, c *Channel, m *Message) (string, error) {
	target := c.URL
	if target == "" {
		target = pagerDutyURL
	}
	action := "trigger"
	if m.Open == 0 {
		action = "resolve"
	}
	send := func(action string) (string, error) {
		severity := m.Severity
		if severity == "" {
			severity = "info"
		}
		event := map[string]any{"routing_key": c.Secret, "event_action": action, "dedup_key": "meridian-" + m.Bundle, "client": "Meridian"}
		if m.Link != "" {
			event["client_url"] = m.Link
		}
		if action == "trigger" {
			details := map[string]string{}
			for i := range m.Entries {
				if i == 50 { // an incident's page shows no more
					details["…"] = moreText(c.Language)(len(m.Entries) - i + m.More)
					break
				}
				details[fmt.Sprintf("%02d %s", i+1, m.Entries[i].Title)] = m.Entries[i].Text
			}
			payload := map[string]any{"summary": cut(m.Title, mostSummary), "source": "meridian", "severity": severity, "timestamp": m.At.UTC().Format("2006-01-02T15:04:05.000Z"), "custom_details": details}
			if len(m.Entries) > 0 {
				payload["component"], payload["class"] = m.Entries[0].Object, m.Entries[0].Of
			}
			event["payload"] = payload
		}
		status, answer, after, err := s.post(ctx, c, target, event, nil)
		if err != nil {
			return "", err
		}
		if status < 200 || status > 299 {
			return "", refused(status, answer, after)
		}
		return fmt.Sprintf("status %d: %s", status, answer), nil
	}
	if !m.Test {
		return send(action)
	}
	if _, err := send("trigger"); err != nil { // a test leaves nobody with an open incident
		return "", err
	}
	return send("resolve")
}
