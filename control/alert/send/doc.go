// Package send brings messages about alerts to where people look: e-mail, webhooks, chat
// robots and the tools of those on call. Each kind of channel is a small file over one
// sender of signed HTTP requests, or of mail.
//
// A Sender connects to no address of this machine, its link, private networks and the
// cloud's metadata unless the operator of the process allows it; it follows no redirects
// and uses no proxy. What a channel keeps secret, URLs with their tokens included, stands
// in no error and in no log. Sending the same Message twice is known at the other side by
// its id where that side can tell.
package send
