package sharing

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// detail is what an event tells.
// Source: https://docs.aws.amazon.com/ram/latest/userguide/using-eventbridge.html
type detail struct {
	Event    string `json:"event"`
	Status   string `json:"status"`
	Entity   string `json:"associated-entity"`
	Share    string `json:"resource-share-arn"`
	External bool   `json:"external"`
}

func (d *Directory) emitAssociation(tx *store.Tx, a Association) error {
	told := []string{a.Share.Account}
	if account := AccountOf(a.Entity); account != "" && account != a.Share.Account {
		told = append(told, account)
	}
	return d.emit(tx, a.Share, detail{Event: "Resource Share Association", Status: strings.ToLower(a.Status), Entity: a.Entity, External: a.External}, told...)
}

func (d *Directory) emitInvitation(tx *store.Tx, i Invitation) error {
	return d.emit(tx, i.Share, detail{Event: "Resource Share Invitation", Status: strings.ToLower(i.Status), Entity: i.Receiver, External: true},
		i.Share.Account, i.Receiver)
}

// emit tells each account of a change to a share.
func (d *Directory) emit(tx *store.Tx, share store.Key, what detail, accounts ...string) error {
	what.Share = arn.New("ram", share.Region, share.Account, "resource-share/"+share.ID)
	body, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("cannot encode event of share %s: %w", share.ID, err)
	}
	for _, account := range accounts {
		if err := tx.Emit(bus.Event{Source: "aws.ram", DetailType: "Resource Sharing State Change", Account: account, Region: share.Region,
			Resources: []string{what.Share}, Detail: body}); err != nil {
			return err
		}
	}
	return nil
}
