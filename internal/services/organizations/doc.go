// Package organizations makes accounts, keeps them in a tree, and attaches service control policies to it.
//
// All accounts of a server belong to one organization, whose management account is the one that the server began with.
// Accounts are made at once, so that CreateAccount answers SUCCEEDED where AWS answers IN_PROGRESS first.
//
// Known gaps: no handshakes, no delegated administrators, no trusted access for services, no responsibility transfers,
// and no policy type but SERVICE_CONTROL_POLICY. An organization cannot be deleted and accounts cannot leave it.
package organizations
