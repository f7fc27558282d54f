// Package oidc lets people in through an OpenID Connect provider (OpenID Connect Core
// 1.0, authorization code flow, with PKCE and a nonce).
//
// A sign-in begins with Begin and ends with Finish, possibly in another process: what
// must be remembered between the two is sealed into a cookie of the browser that began
// it. Finish proves that the same browser comes back, that the provider speaks of this
// sign-in and of this client, and who the person is: issuer and subject, never an e-mail
// address, which providers give to others. What the person may do follows from groups.
//
// The provider may be down when the process starts: Run looks for it until it answers.
package oidc
