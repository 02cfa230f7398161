package sagemaker

import (
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// log brings a line of a container to CloudWatch Logs.
func (s *Service) log(k store.Key, role, group, variant, instance, container, line string) {}
