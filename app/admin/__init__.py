"""The operator's desk: are the gateways, the audit chain and the status sources sound?"""
