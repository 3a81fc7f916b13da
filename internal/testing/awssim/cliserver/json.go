package cliserver

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// json answers a call of the JSON protocol, whose operation is in the header X-Amz-Target.
func (s *Server) json(w http.ResponseWriter, target string, body []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_, operation, _ := strings.Cut(target, ".")
	answer, err := s.operation(operation, body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		code, message := reason(err)
		answer = map[string]string{"__type": code, "message": message}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// operation answers ListCertificates of ACM, and GetParameter, PutParameter, DeleteParameter, SendCommand to one instance and
// GetCommandInvocation of Systems Manager.
func (s *Server) operation(name string, body []byte) (any, error) {
	var request struct {
		Name, Value, DocumentName, CommandID, InstanceID string
		InstanceIDs                                      []string
		Parameters                                       map[string][]string
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, err
	}
	switch name {
	case "GetParameter":
		value, err := s.cloud.ReadParameter(request.Name)
		return map[string]any{"Parameter": map[string]any{"Name": request.Name, "Value": value}}, err
	case "PutParameter":
		return map[string]any{"Version": 1, "Tier": "Standard"}, s.cloud.CreateParameter(request.Name, request.Value)
	case "DeleteParameter":
		return map[string]any{}, s.cloud.DeleteParameter(request.Name)
	case "SendCommand":
		if len(request.InstanceIDs) != 1 || len(request.Parameters["commands"]) != 1 {
			return nil, unknown("SendCommand with several instances or lines")
		}
		id, err := s.cloud.SendCommand(request.DocumentName, request.InstanceIDs[0], request.Parameters["commands"][0])
		return map[string]any{"Command": map[string]any{"CommandId": id}}, err
	case "GetCommandInvocation":
		return s.cloud.GetCommandInvocation(request.CommandID, request.InstanceID)
	case "ListCertificates":
		return s.certificates()
	}
	return nil, unknown(name)
}

func (s *Server) certificates() (any, error) {
	found, err := s.cloud.ListCertificates()
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, c := range found {
		item := map[string]any{"CertificateArn": c.ARN, "DomainName": c.Domain, "Status": c.Status}
		if end, err := time.Parse(time.RFC3339, c.NotAfter); err == nil {
			item["NotAfter"] = end.Unix()
		}
		list = append(list, item)
	}
	return map[string]any{"CertificateSummaryList": list}, nil
}
