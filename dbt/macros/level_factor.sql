{# Share counts farther apart than this factor do not belong to one level. From the history of IWM, IVV and IVE (2000 to
   2025): the largest moves that stood were a third up or down (IWM around the Russell reconstitutions of 2004 to 2007);
   the smallest that was reversed the next day was 1.64 (IWM 2005-06-15). IWM 2005-06-28, 1.65 up to where it had been
   four sessions before, stays. #}
{% macro level_factor() %}1.5{% endmacro %}
