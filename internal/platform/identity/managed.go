package identity

import (
	"crypto/sha256"

	"github.com/atelier-studio/atelier/internal/platform/identity/managed"
)

// AWSPolicies lists the managed policies of AWS, in order of name. The list is shared: nobody may change it.
func (d *Directory) AWSPolicies() []Policy { return d.awsAll }

func (d *Directory) loadAWS() error {
	list, err := managed.Load()
	if err != nil {
		return err
	}
	d.aws = make(map[string]Policy, len(list))
	for _, m := range list {
		p := Policy{Account: "aws", Name: m.Name, Path: m.Path, ID: awsID(m.Name), Created: m.Created, Updated: m.Updated,
			Default: m.Version, Versions: []PolicyVersion{{ID: m.Version, Document: string(m.Document), Created: m.Updated}}}
		d.aws[p.ARN()] = p
		d.awsAll = append(d.awsAll, p)
	}
	return nil
}

// awsID is a unique id that is the same in every server, as a policy of AWS has in every account.
func awsID(name string) string {
	h := sha256.Sum256([]byte(name))
	return PrefixPolicy + encoding.EncodeToString(h[:10])
}
