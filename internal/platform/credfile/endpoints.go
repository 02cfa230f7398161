package credfile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Endpoints says where a server answers.
type Endpoints struct {
	Endpoint   string `json:"endpoint"`   // every service: http://127.0.0.1:4566
	EndpointS3 string `json:"endpointS3"` // S3's own port, faster for large objects
	Region     string `json:"region"`
}

func endpointsPath(dataDir string) string { return filepath.Join(dataDir, "endpoints.json") }

// PutEndpoints notes e in the data directory. The server does so each time it starts.
func PutEndpoints(dataDir string, e Endpoints) error {
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot encode endpoints: %w", err)
	}
	return writeFile(endpointsPath(dataDir), append(b, '\n'))
}

// LoadEndpoints reads what the server noted when it last started.
func LoadEndpoints(dataDir string) (Endpoints, error) {
	b, err := os.ReadFile(endpointsPath(dataDir))
	if err != nil {
		return Endpoints{}, fmt.Errorf("cannot tell where the server answers (has it been started with this data directory?): %w", err)
	}
	var e Endpoints
	if err := json.Unmarshal(b, &e); err != nil {
		return Endpoints{}, fmt.Errorf("cannot read %s: %w", endpointsPath(dataDir), err)
	}
	return e, nil
}
