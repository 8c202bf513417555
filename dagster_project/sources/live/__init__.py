"""The `live` source: public services, each behind one provider module. `provider.py` says what a provider is."""
