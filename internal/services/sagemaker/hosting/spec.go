package hosting

import (
	"time"

	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
)

// Spec is what an endpoint shall have.
type Spec struct {
	Name     string // of the endpoint, for people
	Variants []Variant
	Shadows  []Variant // get copies of requests, whose answers nobody sees
}

// Variant is a model with what it may take.
type Variant struct {
	Name       string
	Model      Model
	Weight     float64
	Count      int           // instances; of serverless variants those that are kept warm
	Serverless *Serverless   // nil: Count instances
	MemoryMB   int           // of an instance; 0 is no limit
	CPU        float64       // cores of an instance; 0 is no limit
	Startup    time.Duration // how long containers may take to be healthy; 0 is StartupTime
	Download   time.Duration // how long data may take to come; 0 is DownloadTime
}

// Serverless says that instances come and go with requests; each has one request at a time.
type Serverless struct{ Max int }

// Defaults of a variant.
const (
	StartupTime  = 4 * time.Minute
	DownloadTime = 20 * time.Minute
)

// Model is one container or a line of them.
type Model struct {
	Containers []Container
	Direct     bool // requests name their container; otherwise they go through all in turn
	Isolated   bool // containers reach nothing, not even AWS
	Env        container.Environment
	// Measure takes what is measured of the models of a variant, in microseconds or in numbers; nil: nothing is.
	Measure func(variant, name string, value float64)
}

func (m Model) tell(variant, name string, value float64) {
	if m.Measure != nil {
		m.Measure(variant, name, value)
	}
}

// Container is a program with its data.
type Container struct {
	Host  string // name among the model's
	Image string
	Env   map[string]string
	Data  string // s3:// URI of model.tar.gz, or with Plain or Multi a prefix; "" for none
	Plain bool   // what is under Data is laid as it is
	Multi bool   // each archive under Data is a model of its own
	Cold  bool   // models of Multi are not kept loaded
}
