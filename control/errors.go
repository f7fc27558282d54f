package control

import (
	"errors"
	"fmt"

	"github.com/meridian-gtm/meridian/traffic"
)

// What callers tell apart.
var (
	// ErrNotFound: the named thing does not exist.
	ErrNotFound = errors.New("not found")
	// ErrExists: the thing to be created is there already.
	ErrExists = errors.New("exists already")
	// ErrAmbiguous: a short name fits several objects.
	ErrAmbiguous = errors.New("is ambiguous")
	// ErrVersion: the object is not the version that the caller read.
	ErrVersion = errors.New("has changed since you read it")
	// ErrKeyReused: the idempotency key was used for another request.
	ErrKeyReused = errors.New("idempotency key was used for another request")
	// ErrOverride: a revision holds an override alone, which no undoing touches.
	ErrOverride = errors.New("holds an override")
	// ErrUnavailable: a part that the answer needs is not there now.
	ErrUnavailable = errors.New("unavailable")
)

// ObjectError says which object an error is about.
type ObjectError struct {
	Key traffic.Key
	Err error
	// Version is the object's present version, for ErrVersion.
	Version uint64
}

func (e *ObjectError) Error() string { return fmt.Sprintf("%s %v", e.Key, e.Err) }

// Unwrap returns the sentinel.
func (e *ObjectError) Unwrap() error { return e.Err }

// Rejected is a change set that breaks rules. Nothing of it was applied.
type Rejected struct{ Report *traffic.Report }

func (e *Rejected) Error() string {
	return fmt.Sprintf("%d problems, the first: %s", len(e.Report.Errors), e.Report.Errors[0])
}

// Collision is an undo that later revisions or the rules stand in the way of. Nothing
// was changed. Each problem names an object and what is against it.
type Collision struct {
	Revision uint64 // the one to be undone or gone back to
	Problems []traffic.Problem
}

func (e *Collision) Error() string {
	return fmt.Sprintf("revision %d: %d problems, the first: %s", e.Revision, len(e.Problems), e.Problems[0])
}

// Compacted is a question about a time before the history that is kept.
type Compacted struct {
	Revision uint64 // whose configuration or content is asked for
	Oldest   uint64 // the oldest one that can still be told and gone back to
}

func (e *Compacted) Error() string {
	return fmt.Sprintf("the history before revision %d is compacted: revision %d is not kept any more", e.Oldest, e.Revision)
}
