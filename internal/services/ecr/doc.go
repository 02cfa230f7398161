// Package ecr is Amazon ECR: repositories of container images, with the registry that docker, crane and others push to and pull from.
//
// The registry (the OCI distribution API) answers on the server's port: at <account>.dkr.ecr.<region>.<anything>, and under /v2/ of every
// other name of it. The API and the registry work on the same rows: what one pushes the other shows. What images consist of lies in files
// that are named by their digest (blobs); the store holds repositories, manifests, tags, and which layers a repository has.
//
// Known gaps: see docs/known-gaps.md.
// Sources: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html,
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
package ecr
