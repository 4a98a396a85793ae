package policy

import (
	"goldensignals/internal/receiver/logline"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/receiver/ticket"
)

// What the receivers' own packages configure.
type (
	// Provider brings SMS to phones.
	Provider = sms.ProviderConfig
	// Ticket says where tickets are filed.
	Ticket = ticket.Config
	// Log says where log lines go besides the log page.
	Log = logline.Config
)
