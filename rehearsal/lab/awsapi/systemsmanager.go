package awsapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// maxRequest bounds what a machine may send at once.
const maxRequest = 64 << 20

// parameterLimit is the most that a standard parameter holds, in bytes.
const parameterLimit = 4096

// SystemsManager is the API of Systems Manager (JSON 1.1), as far as parameters are concerned.
func (d *Door) SystemsManager() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if d.Faults.take("throttle", &d.Faults.throttled) {
			refuse(w, "ThrottlingException", "Rate exceeded")
			return
		}
		machine, err := d.authenticate(r, "ssm", body)
		switch {
		case errors.Is(err, errExpired):
			refuse(w, "ExpiredTokenException", err.Error())
		case err != nil:
			refuse(w, "InvalidSignatureException", err.Error())
		default:
			d.parameter(w, machine, strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM."), body)
		}
	})
}

type parameterRequest struct {
	Name, Type, Value         string
	Overwrite, WithDecryption bool
}

func (d *Door) parameter(w http.ResponseWriter, id, action string, body []byte) {
	var request parameterRequest
	if err := json.Unmarshal(body, &request); err != nil {
		refuse(w, "SerializationException", err.Error())
		return
	}
	machine, err := d.cloud.Machine(id)
	if err != nil {
		refuse(w, "ExpiredTokenException", err.Error())
		return
	}
	answer := map[string]any{}
	switch action {
	case "GetParameter":
		value, err := machine.GetParameter(request.Name)
		if err != nil {
			refuseAs(w, err)
			return
		}
		answer["Parameter"] = map[string]any{"Name": request.Name, "Value": d.Faults.instead(request.Name, value)}
	case "PutParameter":
		if len(request.Value) > parameterLimit {
			refuse(w, "ValidationException", fmt.Sprintf("Standard tier parameters support a maximum parameter value of %d characters", parameterLimit))
			return
		}
		if err := machine.PutParameter(request.Name, request.Value); err != nil {
			refuseAs(w, err)
			return
		}
		d.mu.Lock()
		d.puts[request.Name]++
		answer["Version"] = d.puts[request.Name] + 1 // the first was Pulumi's
		d.mu.Unlock()
	default:
		refuse(w, "UnknownOperationException", action)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(answer)
}

// refuseAs passes on what the simulated AWS says.
func refuseAs(w http.ResponseWriter, err error) {
	if said := (*awssim.APIError)(nil); errors.As(err, &said) {
		refuse(w, said.Code, said.Message)
		return
	}
	refuse(w, "InternalServerError", err.Error())
}

func refuse(w http.ResponseWriter, kind, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": message})
}
