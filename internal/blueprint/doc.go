// Package blueprint deploys blueprints: parameters, a stack, its resources, an initial configuration, a validation, ready. It is a client of
// AWS's APIs, of any endpoint, and knows nothing of the server.
package blueprint
