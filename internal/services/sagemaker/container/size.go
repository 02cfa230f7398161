package container

import "strings"

// instance sizes by family: GiB of memory for each vCPU. Names and sizes are those of the SageMaker pricing page.
// Source: https://aws.amazon.com/sagemaker/ai/pricing/
var perCore = map[string]float64{"c4": 1.875, "c5": 2, "c5d": 2, "c6i": 2, "c6g": 2, "c6gd": 2, "c6gn": 2, "c6id": 2, "c7i": 2, "c7g": 2, "c8g": 2,
	"m4": 4, "m5": 4, "m5d": 4, "m6i": 4, "m6g": 4, "m6gd": 4, "m6id": 4, "m7i": 4, "m7g": 4, "m8g": 4, "r5": 8, "r5d": 8, "r6i": 8, "r6g": 8,
	"r6gd": 8, "r6id": 8, "r7i": 8, "r7g": 8, "r8g": 8}

var cores = map[string]float64{"medium": 1, "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "9xlarge": 36, "10xlarge": 40,
	"12xlarge": 48, "16xlarge": 64, "18xlarge": 72, "24xlarge": 96, "32xlarge": 128, "48xlarge": 192}

// burst are the sizes of the family t2, in GiB; all have two vCPUs but the last.
var burst = map[string]float64{"medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}

// Size is what a type of instance has.
type Size struct {
	Cores    float64
	MemoryMB int
}

// InstanceType gives the size of a type such as "ml.m5.xlarge". Types with accelerators are not known: there is none here.
func InstanceType(name string) (Size, bool) {
	parts := strings.Split(name, ".")
	if len(parts) != 3 || parts[0] != "ml" {
		return Size{}, false
	}
	family, size := parts[1], parts[2]
	if family == "t2" || family == "t3" {
		gib, ok := burst[size]
		n := 2.0
		if size == "xlarge" {
			n = 4
		} else if size == "2xlarge" {
			n = 8
		}
		return Size{n, int(gib * 1024)}, ok
	}
	each, ok := perCore[family]
	n, known := cores[size]
	return Size{n, int(each * n * 1024)}, ok && known
}

// ServerlessSize is what a serverless instance of a memory size has: a vCPU for each 1,769 MB, as functions do.
func ServerlessSize(memoryMB int) Size { return Size{float64(memoryMB) / 1769, memoryMB} }
