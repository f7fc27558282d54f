package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Event is one message of the stream. Type is hello (the first of each connection),
// health, revision, node or event; Lost is the client's own.
type Event struct {
	ID   string
	Type string
	Data json.RawMessage
}

// Lost is the type of the event by which Follow says that a connection has ended.
const Lost = "lost"

// Follow calls f for every event of the stream from now on, until ctx ends or f
// returns an error. When the connection breaks it comes back with the last id after
// a second, so that nothing in between is missed as long as the server has it; when
// the server is not reachable at the start, it says so.
func (c *Client) Follow(ctx context.Context, path string, query url.Values, f func(Event) error) error {
	last, connected := "", false
	for {
		err := c.followOnce(ctx, path, query, &last, &connected, f)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !connected {
			return err
		}
		if stop, ok := err.(*stopped); ok {
			return stop.error
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// stopped carries an error of the caller's own past the reconnection.
type stopped struct{ error }

func (c *Client) followOnce(ctx context.Context, path string, query url.Values, last *string, connected *bool, f func(Event) error) error {
	h := http.Header{"Accept": {"text/event-stream"}}
	if *last != "" {
		h.Set("Last-Event-ID", *last)
	}
	resp, err := c.send(ctx, Request{Method: http.MethodGet, Path: path, Query: query, Header: h})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		*connected = false // a refusal does not heal by itself
		return problem(resp, body)
	}
	*connected = true
	var ev Event
	s := bufio.NewScanner(resp.Body)
	s.Buffer(make([]byte, 64<<10), 16<<20)
	for s.Scan() {
		field, value, _ := bytes.Cut(s.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "":
			if len(s.Bytes()) == 0 && len(ev.Data) > 0 {
				if ev.ID != "" {
					*last = ev.ID
				}
				if err := f(ev); err != nil {
					return &stopped{err}
				}
				ev = Event{ID: ev.ID}
			}
		case "id":
			ev.ID = string(value)
		case "event":
			ev.Type = string(value)
		case "data":
			ev.Data = append(ev.Data, value...)
		}
	}
	if ctx.Err() == nil {
		if err := f(Event{Type: Lost}); err != nil {
			return &stopped{err}
		}
	}
	return s.Err()
}
