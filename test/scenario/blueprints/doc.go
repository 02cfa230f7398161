// Package blueprints deploys each blueprint with each source of models, by the Go SDK, the AWS CLI and atelier, uses it through its HTTP API
// as the seed's sequence diagrams say, updates it, and deletes it with nothing left behind.
package blueprints
